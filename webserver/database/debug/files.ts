import type { Viewer } from '../../domain/account'
import type { FileCommit, FileDeletion, FileListing } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileKey, StoredFile } from '../../domain/file'
import { allows } from '../../domain/rights'
import {
  fileAfter,
  freePath,
  requireCondition,
  requireRetained,
  usesChangedBy,
} from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { leaseLost } from '../upload-rules'
import { findByName } from './accounts'
import { acquireBlobs, releaseBlobs, requireUsable } from './blobs'
import { fileKeyOf, type FileRow, type Tables } from './document'
import { dropVersions, keepVersion, roomOf, versionsOf } from './earlier-versions'
import { requireRight, rightToFile, rightToFolder } from './rights'
import { endUpload } from './uploads'

type Operations = 'files.find' | 'files.list' | 'files.commit' | 'files.delete'

export function fileHandlers(tables: Tables): Handlers<Operations> {
  return {
    'files.find': (viewer, key) => find(tables, viewer, key),
    'files.list': (viewer, args) => list(tables, viewer, args),
    'files.commit': (viewer, args) => commit(tables, viewer, args),
    'files.delete': (viewer, args) => remove(tables, viewer, args),
  }
}

function find(tables: Tables, viewer: Viewer, key: FileKey): StoredFile | null {
  const row = tables.files.get(fileKeyOf(key))
  if (row === undefined) return null
  const held = rightToFile(tables, viewer, { ...row, fileId: row.id })
  return allows(held, 'view') ? withoutOwnerId(row) : null
}

function list(tables: Tables, viewer: Viewer, args: FileListing): StoredFile[] {
  const { prefix, after, limit } = args
  const owner = args.owner ?? (viewer.seesAll ? null : viewer.name)
  if (owner === null ? !viewer.seesAll : !seesFolder(tables, viewer, owner, prefix)) return []
  return [...tables.files.values()]
    .filter((row) => (owner === null || row.owner === owner) && row.path.startsWith(prefix))
    .filter((row) => after === null || compareKeys(row, after) > 0)
    .sort(compareKeys)
    .slice(0, limit)
    .map(withoutOwnerId)
}

export function seesFolder(tables: Tables, viewer: Viewer, owner: string, prefix: string): boolean {
  const ownerId = findByName(tables, owner)?.id
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
  return ownerId !== undefined && allows(rightToFolder(tables, viewer, { ownerId, folder }), 'view')
}

function commit(tables: Tables, viewer: Viewer, wanted: FileCommit) {
  const args = placed(tables, wanted)
  const owner = findByName(tables, args.key.owner)
  if (owner === undefined) throw new AppError('not_found', 'there is no such file')
  const current = tables.files.get(fileKeyOf(args.key))
  const place = { ownerId: owner.id, fileId: current?.id ?? null, path: args.key.path }
  requireRight(rightToFile(tables, viewer, place), current === undefined ? 'add' : 'edit')
  requireCondition(args.condition, current)
  requireRetained(args, current)
  const { gained, lost } = usesChangedBy(args, current)
  requireUsable(tables, gained, args.linked)
  const reservedBytes = reservedBy(tables, owner.id, args.upload)
  requireRoom(tables, owner.id, { current, sizeBytes: args.sizeBytes, reservedBytes })

  acquireBlobs(tables, gained, args.nowMs)
  releaseBlobs(tables, lost, args.nowMs)
  const file = fileAfter(args, current)
  endUpload(tables, args.upload, { file, created: current === undefined })
  tables.files.set(fileKeyOf(file), { ...file, ownerId: owner.id })
  owner.reservedBytes -= reservedBytes
  owner.usedBytes += args.sizeBytes - (current?.sizeBytes ?? 0)
  if (current !== undefined) keepVersion(tables, current, args)
  return { file, created: current === undefined }
}

function placed(tables: Tables, args: FileCommit): FileCommit {
  const { key, numberWhenTaken = false } = args
  if (!numberWhenTaken) return args
  const path = freePath(key.path, (one) => tables.files.has(fileKeyOf({ ...key, path: one })))
  return { ...args, key: { ...key, path } }
}

/** What the upload that a commit completes has reserved. @throws {AppError} `conflict` when it is another's by now. */
function reservedBy(tables: Tables, ownerId: string, upload: FileCommit['upload']): number {
  if (upload === null) return 0
  const row = tables.uploads.get(upload.id)
  const isHeld = row?.leaseEpoch === upload.leaseEpoch && row.leaseHolder !== null
  if (isHeld && row.ownerId === ownerId && row.outcome === null) return row.reservedBytes
  throw leaseLost()
}

/** @throws {AppError} `quota_exceeded` when even without earlier versions of this file there is no room. */
export function requireRoom(
  tables: Tables,
  ownerId: string,
  grown: { current: FileRow | undefined; sizeBytes: number; reservedBytes: number },
): void {
  const { current, sizeBytes, reservedBytes } = grown
  const versions = current === undefined ? [] : versionsOf(tables, current.id)
  const freedBytes = [...versions, ...(current === undefined ? [] : [current])].reduce(
    (sum, row) => sum + row.sizeBytes,
    reservedBytes,
  )
  if (sizeBytes <= roomOf(tables, ownerId) + freedBytes) return
  throw new AppError('quota_exceeded', 'the quota of the account does not allow this')
}

function remove(tables: Tables, viewer: Viewer, args: FileDeletion): StoredFile {
  const row = tables.files.get(fileKeyOf(args.key))
  if (row === undefined) throw new AppError('not_found', 'there is no such file')
  requireRight(
    rightToFile(tables, viewer, { ...row, fileId: row.id }),
    args.isPermanent ? 'manage' : 'edit',
  )
  requireCondition(args.condition, row)
  takeAway(tables, row, args)
  return withoutOwnerId(row)
}

/** Takes a file from its path: into the trash, or for good. */
export function takeAway(
  tables: Tables,
  row: FileRow,
  { nowMs, toTrash }: { nowMs: number; toTrash: boolean },
): void {
  const owner = tables.accounts.get(row.ownerId)!
  tables.files.delete(fileKeyOf(row))
  owner.usedBytes -= row.sizeBytes
  if (toTrash) {
    tables.trash.set(row.id, { ...row, deletedAtMs: nowMs })
    owner.trashBytes += row.sizeBytes
    return
  }
  releaseBlobs(tables, row, nowMs)
  forgetFile(tables, row.id, nowMs)
}

/** Removes what hangs on a file that will not come back: earlier versions, grants and links. */
export function forgetFile(tables: Tables, fileId: string, nowMs: number): void {
  dropVersions(tables, fileId, nowMs)
  for (const shares of [tables.grants, tables.links])
    for (const share of shares.values()) if (share.fileId === fileId) shares.delete(share.id)
}

function compareKeys(a: FileKey, b: FileKey): number {
  return compareByCodePoint(a.owner, b.owner) || compareByCodePoint(a.path, b.path)
}

export function withoutOwnerId({ ownerId: _, ...file }: FileRow): StoredFile {
  return file
}
