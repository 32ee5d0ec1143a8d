import type { Imbalance } from '../prepared-database'
import type { Connection } from './connection'

/** Each kind of bytes that an account's row keeps the sum of, and the table that it is the sum of. */
const sums = [
  ['used_bytes', 'files', 'size_bytes'],
  ['version_bytes', 'file_versions', 'size_bytes'],
  ['trash_bytes', 'trash', 'size_bytes'],
  ['reserved_bytes', 'uploads', 'reserved_bytes'],
] as const

const accountBooks = sums
  .map(
    ([kept, table, bytes]) => `
    SELECT 'account ' || name || ' ${kept}' AS what, ${kept} AS kept, coalesce(real, 0) AS real
    FROM accounts LEFT JOIN (SELECT owner_id, sum(${bytes}) AS real FROM ${table} GROUP BY owner_id)
      ON owner_id = accounts.id
    WHERE ${kept} <> coalesce(real, 0)`,
  )
  .join(' UNION ALL ')

const blobBooks = `
  SELECT 'blob ' || coalesce(blobs.sha256, used.sha256) || ' refs' AS what,
    coalesce(refs, 0) AS kept, coalesce(uses, 0) AS real
  FROM blobs FULL JOIN (SELECT sha256, count(*) AS uses FROM blob_uses GROUP BY sha256) AS used
    ON used.sha256 = blobs.sha256
  WHERE coalesce(refs, 0) <> coalesce(uses, 0)`

export function imbalancesOf(connection: Connection): Imbalance[] {
  return [
    ...connection.prepare<[], Imbalance>(accountBooks).all(),
    ...connection.prepare<[], Imbalance>(blobBooks).all(),
  ]
}

/** What SQLite itself finds wrong with the file, in its words. */
export function damageOf(connection: Connection): string[] {
  const found = connection.pragma('integrity_check') as { integrity_check: string }[]
  const strays = connection.pragma('foreign_key_check') as { table: string; rowid: number }[]
  return [
    ...found.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
    ...strays.map(({ table }) => `a row of ${table} refers to none`),
  ]
}
