import type { FileCommit } from '../../domain/database'
import { AppError } from '../../domain/errors'
import {
  fileAfter,
  freePath,
  requireCondition,
  requireRetained,
  usesChangedBy,
} from '../file-rules'
import type { StoredFile } from '../../domain/file'
import { outcomeOf, type UploadKind } from '../../domain/upload'
import type { Handlers } from '../operations'
import { leaseLost } from '../upload-rules'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { EarlierVersions } from './earlier-versions'
import { fileOf, rowOf, type FileRow } from './file-row'
import { Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

export function committing(connection: Connection): Handlers<'files.commit'>['files.commit'] {
  const ownerIdOf = accountIdFinder(connection)
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
    const ownerId = ownerIdOf(args.key.owner)
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
    const committed = { file: fileAfter(args, current), created: current === undefined }
    const { file } = committed
    if (args.upload !== null) endUpload(ownerId, args.upload, committed)
    put(rowOf(file, ownerId))
    bytes.change(ownerId, { used: file.sizeBytes - (current?.sizeBytes ?? 0) })
    if (row !== undefined) versions.keep(row, args)
    bytes.requireRoom(ownerId)
    return committed
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
  const find = connection.prepare<[object], { kind: UploadKind; reservedBytes: number }>(
    `SELECT kind, reserved_bytes AS reservedBytes FROM uploads
    WHERE id = :id AND owner_id = :ownerId AND lease_epoch = :leaseEpoch
      AND lease_holder IS NOT NULL AND outcome IS NULL`,
  )
  const forget = connection.prepare<[object]>('DELETE FROM uploads WHERE id = :id')
  const finish = connection.prepare<[object]>(`
    UPDATE uploads SET outcome = :outcome, length_bytes = :sizeBytes, offset_bytes = :sizeBytes,
      reserved_bytes = 0, hash_state = NULL, lease_holder = NULL, lease_until_ms = 0
    WHERE id = :id`)
  const bytes = new AccountBytes(connection)
  return (ownerId: string, upload: CompletedUpload, { file, created }: Committed) => {
    const row = find.get({ ...upload, ownerId })
    if (row === undefined) throw leaseLost()
    const { id } = upload
    const outcome = JSON.stringify(outcomeOf(file, created))
    if (row.kind === 'put') forget.run({ id })
    else finish.run({ id, outcome, sizeBytes: file.sizeBytes })
    bytes.change(ownerId, { reserved: -row.reservedBytes })
  }
}

type CompletedUpload = NonNullable<FileCommit['upload']>
type Committed = { file: StoredFile; created: boolean }
