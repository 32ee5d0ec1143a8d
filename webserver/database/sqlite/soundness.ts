import type { BlobBooks, Soundness } from '../soundness'
import type { Connection } from './connection'

interface AccountRow {
  name: string
  kept: string
  real: string
}

/** What each account has, named by the columns of its row that keep it. */
export const realBytes = {
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

export function soundnessOf(connection: Connection): Soundness {
  return {
    damage: () => damageOf(connection),
    accountBooks: () =>
      connection
        .prepare<[], AccountRow>(unbalancedAccounts)
        .all()
        .map(({ name, kept, real }) => ({ name, kept: numbersIn(kept), real: numbersIn(real) })),
    blobBooks: () => connection.prepare<[], BlobBooks>(unbalancedBlobs).all(),
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

function numbersIn(json: string): number[] {
  return JSON.parse(json) as number[]
}
