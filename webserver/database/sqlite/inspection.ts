import type { Inspection, OverdueUpload, StrayVersion } from '../inspection'
import type { BlobBooks } from '../soundness'
import { blobQueries } from './blobs'
import { openReadConnection, openWriteConnection, type Connection } from './connection'
import { contentUseQueries } from './content-uses'
import { requireCurrent } from './migrations'
import { realBytes, soundnessOf } from './soundness'
import { draftsInUse } from './uploads'

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
  const soundness = soundnessOf(connection)
  return {
    blobs: {
      known: (sha256s) => Promise.resolve(new Set(blobs['blobs.known'](sha256s))),
      referenced: (sha256s) => Promise.resolve(new Set(blobs['blobs.referenced'](sha256s))),
    },
    contentUses: { list: (args) => Promise.resolve(list(args)) },
    ...soundness,
    strayVersions: () => connection.prepare<[], StrayVersion>(strayVersions).all(),
    overdueUploads: ({ beforeMs }) =>
      connection
        .prepare<[number], OverdueUpload>(
          `SELECT id, path, expires_at_ms AS expiresAtMs FROM uploads WHERE expires_at_ms < ?`,
        )
        .all(beforeMs),
    draftsInUse: (names) => new Set(inUse(names)),
    recount: () =>
      connection.transaction(() => recount(connection, soundness.blobBooks())).immediate(),
    close: () => void connection.close(),
  }
}

function recount(connection: Connection, wrong: readonly BlobBooks[]) {
  const set = Object.entries(realBytes).map(([column, sum]) => `${column} = (${sum})`)
  const columns = Object.keys(realBytes).join(', ')
  const sums = Object.values(realBytes).map((sum) => `(${sum})`)
  const accounts = connection
    .prepare(`UPDATE accounts SET ${set.join(', ')} WHERE (${columns}) <> (${sums.join(', ')})`)
    .run().changes
  const put = connection.prepare<[object]>(`
    INSERT INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', :uses, :nowMs)
    ON CONFLICT DO UPDATE SET refs = :uses, since_ms = :nowMs,
      state = CASE WHEN :uses > 0 THEN 'live' ELSE state END`)
  for (const { sha256, uses } of wrong) put.run({ sha256, uses, nowMs: Date.now() })
  return { accounts, blobs: wrong.length }
}
