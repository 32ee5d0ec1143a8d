import type { BlobBooks, Inspection, OverdueUpload, StrayVersion } from '../inspection'
import { blobQueries } from './blobs'
import { openReadConnection, openWriteConnection, type Connection } from './connection'
import { contentUseQueries } from './content-uses'
import { requireCurrent } from './migrations'
import { draftsInUse } from './uploads'

interface AccountRow {
  name: string
  kept: string
  real: string
}

/** Of each account; named by the columns of its row. */
const realBytes = {
  used_bytes: 'SELECT coalesce(sum(size_bytes), 0) FROM files WHERE owner_id = accounts.id',
  version_bytes:
    'SELECT coalesce(sum(size_bytes), 0) FROM file_versions WHERE owner_id = accounts.id',
  trash_bytes: 'SELECT coalesce(sum(size_bytes), 0) FROM trash WHERE owner_id = accounts.id',
  reserved_bytes:
    'SELECT coalesce(sum(reserved_bytes), 0) FROM uploads WHERE owner_id = accounts.id',
}
const columns = Object.keys(realBytes)
const sums = Object.values(realBytes).map((sum) => `(${sum})`)

const unbalancedAccounts = `SELECT * FROM (
    SELECT name, json_array(${columns.join(', ')}) AS kept, json_array(${sums.join(', ')}) AS real
    FROM accounts)
  WHERE kept <> real`

const unbalancedBlobs = `
  WITH used AS (SELECT sha256, count(*) AS uses FROM blob_uses GROUP BY sha256)
  SELECT blobs.sha256, refs, coalesce(uses, 0) AS uses
  FROM blobs LEFT JOIN used USING (sha256) WHERE refs <> coalesce(uses, 0)
  UNION ALL
  SELECT used.sha256, 0, uses FROM used LEFT JOIN blobs USING (sha256) WHERE blobs.sha256 IS NULL`

const strayVersions = `
  SELECT file_id AS fileId, version, why FROM (
    SELECT file_versions.file_id, file_versions.version, CASE
      WHEN files.id IS NULL AND trash.id IS NULL THEN 'its file is nowhere'
      WHEN file_versions.version >= coalesce(files.version, trash.version)
        THEN 'it is not earlier than the current version' END AS why
    FROM file_versions
      LEFT JOIN files ON files.id = file_versions.file_id
      LEFT JOIN trash ON trash.id = file_versions.file_id)
  WHERE why IS NOT NULL`

/** @throws {AppError} `unsupported` when another version of the program wrote the data. */
export function inspectSqlite(directory: string, mayWrite: boolean): Inspection {
  const connection = mayWrite ? openWriteConnection(directory) : openReadConnection(directory)
  requireCurrent(connection)
  const blobs = blobQueries(connection)
  const list = contentUseQueries(connection)['contentUses.list']
  const inUse = draftsInUse(connection)
  const readBlobBooks = () => connection.prepare<[], BlobBooks>(unbalancedBlobs).all()
  return {
    blobs: {
      known: (sha256s) => Promise.resolve(new Set(blobs['blobs.known'](sha256s))),
      referenced: (sha256s) => Promise.resolve(new Set(blobs['blobs.referenced'](sha256s))),
    },
    contentUses: { list: (args) => Promise.resolve(list(args)) },
    damage: () => damageOf(connection),
    accountBooks: () =>
      connection
        .prepare<[], AccountRow>(unbalancedAccounts)
        .all()
        .map(({ name, kept, real }) => ({ name, kept: numbersIn(kept), real: numbersIn(real) })),
    blobBooks: readBlobBooks,
    strayVersions: () => connection.prepare<[], StrayVersion>(strayVersions).all(),
    overdueUploads: ({ beforeMs }) =>
      connection
        .prepare<[number], OverdueUpload>(
          `SELECT id, path, expires_at_ms AS expiresAtMs FROM uploads WHERE expires_at_ms < ?`,
        )
        .all(beforeMs),
    draftsInUse: (names) => new Set(inUse(names)),
    recount: () => connection.transaction(() => recount(connection, readBlobBooks())).immediate(),
    close: () => void connection.close(),
  }
}

function damageOf(connection: Connection): string[] {
  const integrity = connection.pragma('integrity_check(20)') as { integrity_check: string }[]
  const dangling = connection.pragma('foreign_key_check') as { table: string; parent: string }[]
  return [
    ...integrity.map((row) => row.integrity_check).filter((line) => line !== 'ok'),
    ...dangling.map(({ table, parent }) => `a row of ${table} refers to no row of ${parent}`),
  ]
}

function recount(connection: Connection, wrong: readonly BlobBooks[]) {
  const set = Object.entries(realBytes).map(([column, sum]) => `${column} = (${sum})`)
  const bytes = (names: string) => `(${names})`
  const accounts = connection
    .prepare(
      `UPDATE accounts SET ${set.join(', ')}
      WHERE ${bytes(columns.join(', '))} <> ${bytes(sums.join(', '))}`,
    )
    .run().changes
  const put = connection.prepare<[object]>(`
    INSERT INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', :uses, :nowMs)
    ON CONFLICT DO UPDATE SET refs = :uses, since_ms = :nowMs,
      state = CASE WHEN :uses > 0 THEN 'live' ELSE state END`)
  for (const { sha256, uses } of wrong) put.run({ sha256, uses, nowMs: Date.now() })
  return { accounts, blobs: wrong.length }
}

function numbersIn(json: string): number[] {
  return JSON.parse(json) as number[]
}
