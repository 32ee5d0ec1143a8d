import type { Account, Viewer } from '../../domain/account'
import type { FileCommit, FileListing } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileCondition, FileKey, StoredFile } from '../../domain/file'
import { fileAfter, requireCondition } from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { findByName } from './accounts'
import { acquireBlob, releaseBlob, requireUsable } from './blobs'
import { fileKeyOf, type FileRow, type Tables } from './document'

type Operations = 'files.find' | 'files.list' | 'files.commit' | 'files.delete'

export function fileHandlers(tables: Tables): Handlers<Operations> {
  return {
    'files.find': (viewer, key) => {
      const row = find(tables, viewer, key)
      return row === undefined ? null : withoutOwnerId(row)
    },
    'files.list': (viewer, args) => list(tables, viewer, args),
    'files.commit': (viewer, args) => commit(tables, viewer, args),
    'files.delete': (viewer, args) => remove(tables, viewer, args),
  }
}

/** D3's predicate: every query asks it. */
function sees(viewer: Viewer, ownerId: string): boolean {
  return viewer.seesAll || viewer.accountId === ownerId
}

function find(tables: Tables, viewer: Viewer, key: FileKey): FileRow | undefined {
  const row = tables.files.get(fileKeyOf(key))
  return row !== undefined && sees(viewer, row.ownerId) ? row : undefined
}

function list(tables: Tables, viewer: Viewer, { owner, prefix, after, limit }: FileListing) {
  return [...tables.files.values()]
    .filter((row) => sees(viewer, row.ownerId))
    .filter((row) => (owner === null || row.owner === owner) && row.path.startsWith(prefix))
    .filter((row) => after === null || compareKeys(row, after) > 0)
    .sort(compareKeys)
    .slice(0, limit)
    .map(withoutOwnerId)
}

function commit(tables: Tables, viewer: Viewer, args: FileCommit) {
  const owner = findByName(tables, args.key.owner)
  if (owner === undefined || !sees(viewer, owner.id))
    throw new AppError('not_found', 'there is no such file')
  const current = tables.files.get(fileKeyOf(args.key))
  requireCondition(args.condition, current)
  const grownBytes = args.sizeBytes - (current?.sizeBytes ?? 0)
  requireQuota(owner, grownBytes)
  requireUsable(tables, args)

  acquireBlob(tables, args)
  if (current !== undefined) releaseBlob(tables, current.sha256, args.nowMs)
  const file = fileAfter(args, current)
  tables.files.set(fileKeyOf(file), { ...file, ownerId: owner.id })
  owner.usedBytes += grownBytes
  return { file, created: current === undefined }
}

function requireQuota({ usedBytes, quotaBytes }: Account, grownBytes: number): void {
  if (usedBytes + grownBytes > quotaBytes)
    throw new AppError('quota_exceeded', 'the quota of the account does not allow this file')
}

function remove(
  tables: Tables,
  viewer: Viewer,
  { key, condition, nowMs }: { key: FileKey; condition: FileCondition; nowMs: number },
): StoredFile {
  const row = find(tables, viewer, key)
  if (row === undefined) throw new AppError('not_found', 'there is no such file')
  requireCondition(condition, row)

  tables.files.delete(fileKeyOf(key))
  releaseBlob(tables, row.sha256, nowMs)
  tables.accounts.get(row.ownerId)!.usedBytes -= row.sizeBytes
  return withoutOwnerId(row)
}

function compareKeys(a: FileKey, b: FileKey): number {
  return compareByCodePoint(a.owner, b.owner) || compareByCodePoint(a.path, b.path)
}

function withoutOwnerId({ ownerId: _, ...file }: FileRow): StoredFile {
  return file
}
