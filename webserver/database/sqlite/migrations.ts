import { etagOf } from '../../domain/content'
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

/**
 * Earlier versions, a trash, uploads that are resumed, and sharing. `extents` is JSON, an array of `Extent`; with it
 * `sha256` may be NULL, without it it names the one blob. `blob_uses` has a row for every reference that `blobs.refs`
 * counts. A grant or a link is for a file by its id or for all below a folder, '' being everything of the owner's.
 */
const second = `
ALTER TABLE accounts ADD COLUMN version_bytes INTEGER NOT NULL DEFAULT 0 CHECK (version_bytes >= 0);
ALTER TABLE accounts ADD COLUMN trash_bytes INTEGER NOT NULL DEFAULT 0 CHECK (trash_bytes >= 0);
ALTER TABLE accounts ADD COLUMN reserved_bytes INTEGER NOT NULL DEFAULT 0 CHECK (reserved_bytes >= 0);

ALTER TABLE files RENAME TO old_files;
CREATE TABLE files (
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  path TEXT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  etag TEXT NOT NULL,
  sha256 TEXT REFERENCES blobs (sha256),
  extents TEXT,
  content_type TEXT NOT NULL,
  metadata TEXT NOT NULL,
  meta_version INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (owner_id, path),
  CHECK (sha256 IS NOT NULL OR extents IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO files
  SELECT owner_id, path, id, size_bytes, etag_of(sha256), sha256, NULL, content_type, '{}', 1,
    version, created_at_ms, updated_at_ms
  FROM old_files;
DROP TABLE old_files;
CREATE INDEX files_by_updated ON files (owner_id, updated_at_ms, path);
CREATE INDEX files_by_size ON files (owner_id, size_bytes, path);

CREATE TABLE file_versions (
  file_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  etag TEXT NOT NULL,
  sha256 TEXT,
  extents TEXT,
  content_type TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  replaced_at_ms INTEGER NOT NULL,
  PRIMARY KEY (file_id, version),
  CHECK (sha256 IS NOT NULL OR extents IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_versions_by_owner ON file_versions (owner_id);
CREATE INDEX file_versions_by_age ON file_versions (replaced_at_ms);
CREATE INDEX file_versions_in_extents ON file_versions (replaced_at_ms) WHERE extents IS NOT NULL;
CREATE INDEX files_in_extents ON files (updated_at_ms) WHERE extents IS NOT NULL;

CREATE TABLE trash (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  etag TEXT NOT NULL,
  sha256 TEXT,
  extents TEXT,
  content_type TEXT NOT NULL,
  metadata TEXT NOT NULL,
  meta_version INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER NOT NULL,
  CHECK (sha256 IS NOT NULL OR extents IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX trash_by_owner ON trash (owner_id, deleted_at_ms);
CREATE INDEX trash_by_age ON trash (deleted_at_ms);

CREATE VIEW contents AS
  SELECT owner_id, sha256, extents FROM files
  UNION ALL SELECT owner_id, sha256, extents FROM file_versions
  UNION ALL SELECT owner_id, sha256, extents FROM trash;
CREATE VIEW blob_uses AS
  SELECT owner_id, sha256 FROM contents WHERE extents IS NULL
  UNION ALL
  SELECT owner_id, json_extract(extent.value, '$.sha256') FROM contents, json_each(extents) AS extent
  WHERE extents IS NOT NULL;

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  account_id TEXT,
  link_id TEXT,
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  path TEXT NOT NULL,
  length_bytes INTEGER,
  offset_bytes INTEGER NOT NULL,
  reserved_bytes INTEGER NOT NULL CHECK (reserved_bytes >= 0),
  hash_state TEXT,
  content_type TEXT,
  metadata TEXT NOT NULL,
  condition TEXT NOT NULL,
  parts TEXT,
  lease_holder TEXT,
  lease_epoch INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  outcome TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_owner ON uploads (owner_id);
CREATE INDEX uploads_by_account ON uploads (account_id);
CREATE INDEX uploads_by_link ON uploads (link_id);
CREATE INDEX uploads_by_expiry ON uploads (expires_at_ms);

CREATE TABLE groups (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE group_members (
  group_id TEXT NOT NULL REFERENCES groups (id),
  account_id TEXT NOT NULL REFERENCES accounts (id),
  role TEXT NOT NULL CHECK (role IN ('manager', 'member')),
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (group_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_account ON group_members (account_id, group_id);

CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  file_id TEXT,
  folder TEXT,
  account_id TEXT REFERENCES accounts (id),
  group_id TEXT REFERENCES groups (id),
  right TEXT NOT NULL CHECK (right IN ('view', 'edit', 'manage')),
  expires_at_ms INTEGER,
  created_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  CHECK ((file_id IS NULL) <> (folder IS NULL)),
  CHECK ((account_id IS NULL) <> (group_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX grants_by_target ON grants
  (owner_id, coalesce(folder, ''), coalesce(file_id, ''), coalesce(account_id, ''), coalesce(group_id, ''));
CREATE INDEX grants_by_file ON grants (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX grants_by_folder ON grants (owner_id, folder) WHERE folder IS NOT NULL;
CREATE INDEX grants_by_account ON grants (account_id);
CREATE INDEX grants_by_group ON grants (group_id);

CREATE TABLE links (
  id TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL,
  owner_id TEXT NOT NULL REFERENCES accounts (id),
  file_id TEXT,
  folder TEXT,
  mode TEXT NOT NULL CHECK (mode IN ('view', 'upload')),
  label TEXT NOT NULL,
  password_hash TEXT,
  password_failures INTEGER NOT NULL,
  locked_until_ms INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  uses_max INTEGER,
  open_uses TEXT NOT NULL,
  bytes_max INTEGER,
  expires_at_ms INTEGER,
  created_by TEXT NOT NULL REFERENCES accounts (id),
  created_at_ms INTEGER NOT NULL,
  CHECK ((file_id IS NULL) <> (folder IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_owner ON links (owner_id, folder);
CREATE INDEX links_by_file ON links (file_id);
CREATE INDEX links_by_creator ON links (created_by);
CREATE INDEX links_by_expiry ON links (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
`

/** Forward only: a new version is a new entry, and no entry ever changes. The version is the number of entries done. */
const migrations = [first, second]

/** Brings the data to this program's version, each step in a transaction. @throws {AppError} `unsupported` when it is newer. */
export function migrate(connection: Connection): void {
  connection.function('etag_of', { deterministic: true }, (sha256) => etagOf(sha256 as string))
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
