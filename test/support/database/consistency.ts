import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { blobsOf } from '../../../webserver/domain/content'
import type { Tables } from '../../../webserver/database/debug/document'
import type { ScratchDatabase } from './scratch-database'

interface Totals {
  /** Accounts with each of their byte counts, as it is kept and as it should be. */
  accounts: { name: string; kept: string; real: string }[]
  /** Blobs with their counted and their real references. */
  blobs: { sha256: string; refs: number; count: number }[]
}

/** Looks into the stored data itself. @returns every account and blob whose books do not balance, and damage found by SQLite. */
export function inconsistenciesOf({
  config,
  paths,
}: Pick<ScratchDatabase, 'config' | 'paths'>): unknown[] {
  const { accounts, blobs, damage } =
    config.database.kind === 'sqlite' ? ofSqlite(paths.database) : ofDebug(paths.database)
  return [
    ...damage,
    ...accounts.filter(({ kept, real }) => kept !== real),
    ...blobs.filter(({ refs, count }) => refs !== count),
  ]
}

function ofSqlite(directory: string): Totals & { damage: unknown[] } {
  const connection = new Sqlite(join(directory, 'gristmill.sqlite'))
  const check = connection.pragma('integrity_check', { simple: true })
  const damage = [...(connection.pragma('foreign_key_check') as unknown[])]
  if (check !== 'ok') damage.push(check)
  const accounts = connection.prepare<[], Totals['accounts'][number]>(`
    SELECT name,
      json_array(used_bytes, version_bytes, trash_bytes, reserved_bytes) AS kept,
      json_array(
        (SELECT coalesce(sum(size_bytes), 0) FROM files WHERE owner_id = accounts.id),
        (SELECT coalesce(sum(size_bytes), 0) FROM file_versions WHERE owner_id = accounts.id),
        (SELECT coalesce(sum(size_bytes), 0) FROM trash WHERE owner_id = accounts.id),
        (SELECT coalesce(sum(reserved_bytes), 0) FROM uploads WHERE owner_id = accounts.id)) AS real
    FROM accounts`)
  const blobs = connection.prepare<[], Totals['blobs'][number]>(`
    SELECT sha256, refs,
      (SELECT count(*) FROM blob_uses WHERE blob_uses.sha256 = blobs.sha256) AS count
    FROM blobs`)
  const totals = { accounts: accounts.all(), blobs: blobs.all(), damage }
  connection.close()
  return totals
}

type Rows = { [K in keyof Tables]: Tables[K] extends Map<string, infer Row> ? Row[] : never }

function ofDebug(directory: string): Totals & { damage: unknown[] } {
  const rows = JSON.parse(readFileSync(join(directory, 'database.json'), 'utf8')) as Rows
  const contents = [...rows.files, ...rows.versions, ...rows.trash]
  const uses = contents.flatMap(blobsOf)
  return {
    damage: [],
    accounts: rows.accounts.map((account) => ({
      name: account.name,
      kept: JSON.stringify([
        account.usedBytes,
        account.versionBytes,
        account.trashBytes,
        account.reservedBytes,
      ]),
      real: JSON.stringify([
        ...[rows.files, rows.versions, rows.trash].map((table) => sumOf(table, account.id)),
        sumOf(
          rows.uploads.map((row) => ({ ...row, sizeBytes: row.reservedBytes })),
          account.id,
        ),
      ]),
    })),
    blobs: rows.blobs.map(({ sha256, refs }) => ({
      sha256,
      refs,
      count: uses.filter((used) => used === sha256).length,
    })),
  }
}

function sumOf(rows: readonly { ownerId: string; sizeBytes: number }[], ownerId: string): number {
  return rows
    .filter((row) => row.ownerId === ownerId)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
