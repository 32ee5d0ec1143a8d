import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { FileKey, StoredFile } from '../../domain/file'
import { allows, type Right } from '../../domain/rights'
import type {
  FileVersion,
  VersionKey,
  VersionListing,
  VersionRestoration,
} from '../../domain/version'
import { fileInVersion, refuseCurrent, requireCondition, restored } from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { acquireBlobs, requireUsable } from './blobs'
import { fileKeyOf, versionKeyOf, type FileRow, type Tables, type VersionRow } from './document'
import { dropVersion, keepVersion, versionsOf } from './earlier-versions'
import { requireRoom, withoutOwnerId } from './files'
import { requireRight, rightToFile } from './rights'

type Operations =
  | 'versions.list'
  | 'versions.find'
  | 'versions.restore'
  | 'versions.delete'
  | 'versions.prune'
  | 'versions.pruneSurplus'

export function versionHandlers(tables: Tables): Handlers<Operations> {
  return {
    'versions.list': (viewer, args) => list(tables, viewer, args),
    'versions.find': (viewer, args) => find(tables, viewer, args),
    'versions.restore': (viewer, args) => restore(tables, viewer, args),
    'versions.delete': (viewer, args) =>
      dropVersion(tables, requireVersion(tables, viewer, args, 'manage').earlier, args.nowMs),
    'versions.prune': ({ replacedBeforeMs, nowMs, limit }) => {
      const rows = [...tables.versions.values()]
        .filter((row) => row.replacedAtMs < replacedBeforeMs)
        .sort((a, b) => a.replacedAtMs - b.replacedAtMs)
        .slice(0, limit)
      for (const row of rows) dropVersion(tables, row, nowMs)
      return rows.length
    },
    'versions.pruneSurplus': ({ afterFileId, versionsKept, nowMs, limit }) => {
      const ids = fileIdsAfter(tables, afterFileId).slice(0, limit)
      const surplus = ids.flatMap((id) => versionsOf(tables, id).reverse().slice(versionsKept))
      for (const row of surplus) dropVersion(tables, row, nowMs)
      return {
        dropped: surplus.length,
        nextAfterFileId: ids.length < limit ? null : ids.at(-1)!,
      }
    },
  }
}

function list(tables: Tables, viewer: Viewer, { key, before, limit }: VersionListing) {
  const row = see(tables, viewer, key)
  if (row === null) return null
  return [...versionsOf(tables, row.id).map(versionOf), currentOf(row)]
    .reverse()
    .filter(({ version }) => before === null || version < before)
    .slice(0, limit)
}

function find(tables: Tables, viewer: Viewer, { key, version }: VersionKey): StoredFile | null {
  const row = see(tables, viewer, key)
  if (row === null) return null
  if (row.version === version) return withoutOwnerId(row)
  const earlier = tables.versions.get(versionKeyOf({ fileId: row.id, version }))
  return earlier === undefined ? null : fileInVersion(withoutOwnerId(row), versionOf(earlier))
}

function restore(tables: Tables, viewer: Viewer, args: VersionRestoration): StoredFile {
  const { row, earlier } = requireVersion(tables, viewer, args, 'edit')
  requireCondition(args.condition, row)
  const file = restored(withoutOwnerId(row), versionOf(earlier), args.nowMs)
  requireUsable(tables, file)
  requireRoom(tables, row.ownerId, { current: row, sizeBytes: file.sizeBytes, reservedBytes: 0 })

  acquireBlobs(tables, file, args.nowMs)
  tables.files.set(fileKeyOf(file), { ...file, ownerId: row.ownerId })
  tables.accounts.get(row.ownerId)!.usedBytes += file.sizeBytes - row.sizeBytes
  keepVersion(tables, row, args)
  return file
}

/** The file that a viewer sees at a key. */
function see(tables: Tables, viewer: Viewer, key: FileKey): FileRow | null {
  const row = tables.files.get(fileKeyOf(key))
  if (row === undefined) return null
  return allows(rightToFile(tables, viewer, { ...row, fileId: row.id }), 'view') ? row : null
}

/** The file at a key that a viewer may change, and an earlier version of it. */
function requireVersion(
  tables: Tables,
  viewer: Viewer,
  { key, version }: VersionKey,
  needed: Right,
) {
  const row = tables.files.get(fileKeyOf(key))
  if (row === undefined) throw noSuchVersion()
  requireRight(rightToFile(tables, viewer, { ...row, fileId: row.id }), needed)
  refuseCurrent(row, version)
  const earlier = tables.versions.get(versionKeyOf({ fileId: row.id, version }))
  if (earlier === undefined) throw noSuchVersion()
  return { row, earlier }
}

function fileIdsAfter(tables: Tables, afterFileId: string): string[] {
  const ids = new Set([...tables.versions.values()].map(({ fileId }) => fileId))
  return [...ids].filter((id) => compareByCodePoint(id, afterFileId) > 0).sort(compareByCodePoint)
}

function versionOf(row: VersionRow): FileVersion {
  const { fileId: _, ownerId: __, replacedAtMs: ___, ...version } = row
  return version
}

function currentOf(row: FileRow): FileVersion {
  const { sizeBytes, etag, sha256, extents, version, contentType, updatedAtMs } = row
  return { sizeBytes, etag, sha256, extents, version, contentType, createdAtMs: updatedAtMs }
}

function noSuchVersion(): AppError {
  return new AppError('not_found', 'there is no such version')
}
