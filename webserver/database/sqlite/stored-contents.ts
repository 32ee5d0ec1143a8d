import type { DatabaseCounts, StoredContent } from '../prepared-database'
import type { Connection } from './connection'

const blobsUsed = `
  SELECT sha256, max(size_bytes) AS sizeBytes, max(whole) AS whole FROM (
    SELECT sha256, size_bytes, 1 AS whole FROM files WHERE extents IS NULL
    UNION ALL SELECT sha256, size_bytes, 1 FROM file_versions WHERE extents IS NULL
    UNION ALL SELECT sha256, size_bytes, 1 FROM trash WHERE extents IS NULL
    UNION ALL
    SELECT json_extract(extent.value, '$.sha256'),
      json_extract(extent.value, '$.startByte') + json_extract(extent.value, '$.lengthBytes'), 0
    FROM contents, json_each(extents) AS extent WHERE extents IS NOT NULL)
  GROUP BY sha256 ORDER BY sha256`

export function* storedContents(connection: Connection): Generator<StoredContent> {
  const rows = connection.prepare<[], { sha256: string; sizeBytes: number; whole: 0 | 1 }>(
    blobsUsed,
  )
  for (const { whole, ...row } of rows.iterate()) yield { ...row, isWhole: whole === 1 }
}

export function countRecords(connection: Connection): DatabaseCounts {
  return connection
    .prepare<[], DatabaseCounts>(
      `SELECT (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM files) AS files,
        (SELECT count(*) FROM file_versions) AS versions, (SELECT count(*) FROM trash) AS trash`,
    )
    .get()!
}

/** What uploads in hand reserved is given back with them. */
export function forgetUploads(connection: Connection): number {
  return connection
    .transaction(() => {
      connection.exec('UPDATE accounts SET reserved_bytes = 0')
      return connection.prepare('DELETE FROM uploads').run().changes
    })
    .immediate()
}
