import { AppError } from '../../domain/errors'
import { requireCondition } from '../file-rules'
import type { Handlers } from '../operations'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { EarlierVersions } from './earlier-versions'
import { fileOf, type FileRow } from './file-row'
import { Rights } from './rights'
import { rowFinder } from './row-finder'

export function deleting(connection: Connection): Handlers<'files.delete'>['files.delete'] {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const remove = removing(connection)
  return (viewer, { key, condition, isPermanent = false, ...rest }) => {
    const row = findRow(key)
    if (row === undefined) throw new AppError('not_found', 'there is no such file')
    rights.require(viewer, { ...row, fileId: row.id }, isPermanent ? 'manage' : 'edit')
    const file = fileOf(row)
    requireCondition(condition, file)
    remove(row, rest)
    return file
  }
}

/** Takes a file from its path: into the trash, or for good. */
export function removing(connection: Connection) {
  const takeAway = connection.prepare<[object]>(
    'DELETE FROM files WHERE owner_id = :ownerId AND path = :path',
  )
  const discard = connection.prepare<[object]>(`
    INSERT INTO trash
      (id, owner_id, path, size_bytes, etag, sha256, extents, content_type, metadata, meta_version,
        version, created_at_ms, updated_at_ms, deleted_at_ms)
    VALUES
      (:id, :ownerId, :path, :sizeBytes, :etag, :sha256, :extents, :contentType, :metadata,
        :metaVersion, :version, :createdAtMs, :updatedAtMs, :nowMs)`)
  const bytes = new AccountBytes(connection)
  const references = new BlobReferences(connection)
  const forget = forgetting(connection)
  return (row: FileRow, { nowMs, toTrash }: { nowMs: number; toTrash: boolean }) => {
    const { ownerId, sizeBytes } = row
    takeAway.run(row)
    if (toTrash) {
      discard.run({ ...row, nowMs })
      bytes.change(ownerId, { used: -sizeBytes, trash: sizeBytes })
      return
    }
    references.release(fileOf(row), nowMs)
    bytes.change(ownerId, { used: -sizeBytes })
    forget(row.id, nowMs)
  }
}

/** Removes what hangs on a file that will not come back: earlier versions, grants and links. */
export function forgetting(connection: Connection) {
  const versions = new EarlierVersions(connection)
  const deleteRows = ['grants', 'links'].map((table) =>
    connection.prepare<[string]>(`DELETE FROM ${table} WHERE file_id = ?`),
  )
  return (fileId: string, nowMs: number) => {
    versions.dropAll(fileId, nowMs)
    for (const statement of deleteRows) statement.run(fileId)
  }
}
