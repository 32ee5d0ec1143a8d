import type { FileCommit } from '../../domain/database'
import { AppError } from '../../domain/errors'
import {
  fileAfter,
  freePath,
  requireCondition,
  requireRetained,
  usesChangedBy,
} from '../file-rules'
import type { Handlers } from '../operations'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { EarlierVersions } from './earlier-versions'
import { fileOf, rowOf, type FileRow } from './file-row'
import { Rights } from './rights'
import { rowFinder } from './row-finder'

export function committing(connection: Connection): Handlers<'files.commit'>['files.commit'] {
  const ownerIdOf = connection
    .prepare<[string], string>('SELECT id FROM accounts WHERE name = ?')
    .pluck()
  const put = putting(connection)
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const bytes = new AccountBytes(connection)
  const references = new BlobReferences(connection)
  const versions = new EarlierVersions(connection)
  const endUpload = ending(connection)
  const placed = (args: FileCommit): FileCommit => {
    const { key, numberWhenTaken = false } = args
    if (!numberWhenTaken) return args
    const path = freePath(key.path, (one) => findRow({ ...key, path: one }) !== undefined)
    return { ...args, key: { ...key, path } }
  }
  return (viewer, wanted) => {
    const args = placed(wanted)
    const ownerId = ownerIdOf.get(args.key.owner)
    if (ownerId === undefined) throw new AppError('not_found', 'there is no such file')
    const row = findRow(args.key)
    const current = row && fileOf(row)
    const target = { ownerId, fileId: row?.id ?? null, path: args.key.path }
    rights.require(viewer, target, row === undefined ? 'add' : 'edit')
    requireCondition(args.condition, current)
    requireRetained(args, current)
    const { gained, lost } = usesChangedBy(args, current)
    references.acquire(gained, args.nowMs, args.linked)
    references.release(lost, args.nowMs)
    if (args.upload !== null) endUpload(ownerId, args.upload)
    const file = fileAfter(args, current)
    put(rowOf(file, ownerId))
    bytes.change(ownerId, { used: file.sizeBytes - (current?.sizeBytes ?? 0) })
    if (row !== undefined) versions.keep(row, args)
    bytes.requireRoom(ownerId)
    return { file, created: current === undefined }
  }
}

export function putting(connection: Connection): (row: FileRow) => void {
  const statement = connection.prepare<[object]>(`
    INSERT INTO files
      (owner_id, path, id, size_bytes, etag, sha256, extents, content_type, metadata, meta_version,
        version, created_at_ms, updated_at_ms)
    VALUES
      (:ownerId, :path, :id, :sizeBytes, :etag, :sha256, :extents, :contentType, :metadata,
        :metaVersion, :version, :createdAtMs, :updatedAtMs)
    ON CONFLICT (owner_id, path) DO UPDATE SET
      size_bytes = excluded.size_bytes, etag = excluded.etag, sha256 = excluded.sha256,
      extents = excluded.extents, content_type = excluded.content_type,
      metadata = excluded.metadata, meta_version = excluded.meta_version,
      version = excluded.version, updated_at_ms = excluded.updated_at_ms`)
  return (row) => void statement.run(row)
}

/** Ends the upload that a commit completes: its reservation goes, in the commit that takes the bytes for good. */
function ending(connection: Connection) {
  const end = connection
    .prepare<[object], number>(
      `DELETE FROM uploads WHERE id = :id AND owner_id = :ownerId AND lease_epoch = :leaseEpoch
      RETURNING reserved_bytes`,
    )
    .pluck()
  const bytes = new AccountBytes(connection)
  return (ownerId: string, upload: NonNullable<FileCommit['upload']>) => {
    const reservedBytes = end.get({ ...upload, ownerId })
    if (reservedBytes === undefined)
      throw new AppError('conflict', 'another request has taken over this upload')
    bytes.change(ownerId, { reserved: -reservedBytes })
  }
}
