import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Tables } from '../../../webserver/database/debug/document'
import type { ScratchDatabase } from './scratch-database'

interface Totals {
  /** Accounts with their `usedBytes` and the sum of their files' sizes. */
  accounts: { name: string; usedBytes: number; sumBytes: number }[]
  /** Blobs with their counted and their real references. */
  blobs: { sha256: string; refs: number; count: number }[]
}

/** Looks into the stored data itself. @returns every account and blob whose books do not balance, and damage found by SQLite. */
export function inconsistenciesOf({ config, paths }: ScratchDatabase): unknown[] {
  const { accounts, blobs, damage } =
    config.database.kind === 'sqlite' ? ofSqlite(paths.database) : ofDebug(paths.database)
  return [
    ...damage,
    ...accounts.filter(({ usedBytes, sumBytes }) => usedBytes !== sumBytes),
    ...blobs.filter(({ refs, count }) => refs !== count),
  ]
}

function ofSqlite(directory: string): Totals & { damage: unknown[] } {
  const connection = new Sqlite(join(directory, 'gristmill.sqlite'))
  const check = connection.pragma('integrity_check', { simple: true })
  const damage = [...(connection.pragma('foreign_key_check') as unknown[])]
  if (check !== 'ok') damage.push(check)
  const accounts = connection.prepare<[], Totals['accounts'][number]>(`
    SELECT name, used_bytes AS usedBytes,
      (SELECT coalesce(sum(size_bytes), 0) FROM files WHERE owner_id = accounts.id) AS sumBytes
    FROM accounts`)
  const blobs = connection.prepare<[], Totals['blobs'][number]>(`
    SELECT sha256, refs, (SELECT count(*) FROM files WHERE files.sha256 = blobs.sha256) AS count
    FROM blobs`)
  const totals = { accounts: accounts.all(), blobs: blobs.all(), damage }
  connection.close()
  return totals
}

type Rows = { [K in keyof Tables]: Tables[K] extends Map<string, infer Row> ? Row[] : never }

function ofDebug(directory: string): Totals & { damage: unknown[] } {
  const rows = JSON.parse(readFileSync(join(directory, 'database.json'), 'utf8')) as Rows
  return {
    damage: [],
    accounts: rows.accounts.map(({ id, name, usedBytes }) => ({
      name,
      usedBytes,
      sumBytes: rows.files
        .filter(({ ownerId }) => ownerId === id)
        .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    })),
    blobs: rows.blobs.map(({ sha256, refs }) => ({
      sha256,
      refs,
      count: rows.files.filter((file) => file.sha256 === sha256).length,
    })),
  }
}
