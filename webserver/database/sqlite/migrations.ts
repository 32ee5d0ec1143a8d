import { AppError } from '../../domain/errors'
import type { Connection } from './connection'

/**
 * Times are ms since 1970, sizes bytes. A path is compared by the bytes of its UTF-8, which is the order of code points.
 * `blobs.since_ms` is when the blob lost its last reference, or when it was condemned.
 */
const first = `
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
  password_hash TEXT NOT NULL,
  quota_bytes INTEGER NOT NULL CHECK (quota_bytes >= 0),
  used_bytes INTEGER NOT NULL CHECK (used_bytes >= 0),
  auth_epoch INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_role ON accounts (role);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  secret_hash TEXT NOT NULL,
  auth_epoch INTEGER NOT NULL,
  user_agent TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);

CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('live', 'condemned')),
  refs INTEGER NOT NULL CHECK (refs >= 0),
  since_ms INTEGER NOT NULL,
  CHECK (state = 'live' OR refs = 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_unreferenced ON blobs (state, since_ms) WHERE refs = 0;

CREATE TABLE files (
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  path TEXT NOT NULL,
  id TEXT NOT NULL,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  sha256 TEXT NOT NULL REFERENCES blobs (sha256),
  content_type TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (owner_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_blob ON files (sha256);
`

/** Forward only: a new version is a new entry, and no entry ever changes. The version is the number of entries done. */
const migrations = [first]

/** Brings the data to this program's version, each step in a transaction. @throws {AppError} `unsupported` when it is newer. */
export function migrate(connection: Connection): void {
  for (let version = requireKnown(connection); version < migrations.length; version++) {
    const step = connection.transaction(() => {
      connection.exec(migrations[version]!)
      connection.pragma(`user_version = ${version + 1}`)
    })
    step.immediate()
  }
}

/** @throws {AppError} `unsupported` unless the data is of exactly this program's version. */
export function requireCurrent(connection: Connection): void {
  const version = requireKnown(connection)
  if (version === migrations.length) return
  throw new AppError(
    'unsupported',
    `the database has version ${version} and must be migrated to ${migrations.length} first`,
  )
}

function requireKnown(connection: Connection): number {
  const version = connection.pragma('user_version', { simple: true }) as number
  if (version <= migrations.length) return version
  throw new AppError(
    'unsupported',
    `the database has version ${version}, this program knows versions up to ${migrations.length}: start the newer program`,
  )
}
