import { openWriteConnection } from '../../webserver/database/sqlite/connection'

export const filesPerFolder = 1000

/**
 * Adds records of files `bench/<folder>/<number>` to the account until there are so many, past the service: by its own
 * way a million would take minutes. They share one content that no disk holds; only records are asked about.
 */
export function fillWithFiles(directory: string, account: string, files: number): void {
  const connection = openWriteConnection(directory)
  connection.pragma('busy_timeout = 60000')
  const statements = [
    `INSERT OR IGNORE INTO blobs (sha256, state, refs, since_ms) VALUES (:sha256, 'live', 0, 1)`,
    `WITH RECURSIVE numbers (n) AS (
      SELECT (SELECT count(*) FROM files WHERE content_type = 'bench/record')
      UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :files)
    INSERT INTO files
      (owner_id, path, id, size_bytes, etag, sha256, content_type, metadata, meta_version, version,
        created_at_ms, updated_at_ms)
    SELECT accounts.id, printf('bench/%06d/%06d', n / ${filesPerFolder}, n), printf('bench-%d', n), n % 5003, '"x"', :sha256,
      'bench/record', '{}', 1, 1, 1000 + n, 1000 + n * 7919 % 1000003
    FROM numbers JOIN accounts ON accounts.name = :account`,
    `UPDATE blobs SET refs = :files WHERE sha256 = :sha256`,
    `UPDATE accounts SET used_bytes = (SELECT sum(size_bytes) FROM files WHERE owner_id = accounts.id)
    WHERE name = :account`,
  ]
  const args = { sha256: 'f'.repeat(64), files, account }
  const fill = connection.transaction(() => {
    for (const sql of statements) connection.prepare<[object]>(sql).run(args)
  })
  fill.immediate()
  // What it leaves in the log is not the service's to move.
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
}
