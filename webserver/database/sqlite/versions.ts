import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { FileKey } from '../../domain/file'
import { allows, type Right } from '../../domain/rights'
import type { FileVersion, VersionKey } from '../../domain/version'
import { fileInVersion, refuseCurrent, requireCondition, restored } from '../file-rules'
import type { Handlers } from '../operations'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { EarlierVersions, versionColumns, type VersionRow } from './earlier-versions'
import { putting } from './file-commit'
import { extentsFrom, fileOf, rowOf, type FileRow } from './file-row'
import { Rights } from './rights'
import { rowFinder } from './row-finder'

type Queries = 'versions.list' | 'versions.find'
type Commands = 'versions.restore' | 'versions.delete' | 'versions.prune' | 'versions.pruneSurplus'

export function versionQueries(connection: Connection): Handlers<Queries> {
  const see = seeing(connection)
  const earlier = connection.prepare<[object], VersionRow>(`
    SELECT ${versionColumns} FROM file_versions WHERE file_id = :id AND version < :before
    ORDER BY version DESC LIMIT :limit`)
  const find = findingVersion(connection)
  return {
    'versions.list': (viewer, { key, before, limit }) => {
      const row = see(viewer, key)
      if (row === null) return null
      const isFirstPage = before === null || row.version < before
      const bounds = { before: before ?? row.version, limit: limit - (isFirstPage ? 1 : 0) }
      const rows = earlier.all({ id: row.id, ...bounds }).map(versionOf)
      return isFirstPage ? [currentOf(row), ...rows] : rows
    },
    'versions.find': (viewer, { key, version }) => {
      const row = see(viewer, key)
      if (row === null || row.version === version) return row && fileOf(row)
      const found = find(row, version)
      return found === undefined ? null : fileInVersion(fileOf(row), versionOf(found))
    },
  }
}

export function versionCommands(connection: Connection): Handlers<Commands> {
  return {
    'versions.restore': restoring(connection),
    'versions.delete': deleting(connection),
    ...pruning(connection),
  }
}

/** The file that a viewer sees at a key. */
function seeing(connection: Connection) {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  return (viewer: Viewer, key: FileKey): FileRow | null => {
    const row = findRow(key)
    if (row === undefined) return null
    return allows(rights.ofFile(viewer, { ...row, fileId: row.id }), 'view') ? row : null
  }
}

function findingVersion(connection: Connection) {
  const find = connection.prepare<[string, number], VersionRow>(
    `SELECT ${versionColumns} FROM file_versions WHERE file_id = ? AND version = ?`,
  )
  return ({ id }: FileRow, version: number) => find.get(id, version)
}

/** The file at a key that a viewer may change, and an earlier version of it. */
function requiring(connection: Connection) {
  const findRow = rowFinder(connection)
  const find = findingVersion(connection)
  const rights = new Rights(connection)
  return (viewer: Viewer, { key, version }: VersionKey, needed: Right) => {
    const row = findRow(key)
    if (row === undefined) throw noSuchVersion()
    rights.require(viewer, { ...row, fileId: row.id }, needed)
    refuseCurrent(row, version)
    const earlier = find(row, version)
    if (earlier === undefined) throw noSuchVersion()
    return { row, earlier }
  }
}

function restoring(connection: Connection): Handlers<Commands>['versions.restore'] {
  const requireVersion = requiring(connection)
  const put = putting(connection)
  const bytes = new AccountBytes(connection)
  const references = new BlobReferences(connection)
  const versions = new EarlierVersions(connection)
  return (viewer, args) => {
    const { row, earlier } = requireVersion(viewer, args, 'edit')
    const current = fileOf(row)
    requireCondition(args.condition, current)
    const file = restored(current, versionOf(earlier), args.nowMs)
    references.acquire(file, args.nowMs)
    put(rowOf(file, row.ownerId))
    bytes.change(row.ownerId, { used: file.sizeBytes - row.sizeBytes })
    versions.keep(row, args)
    bytes.requireRoom(row.ownerId)
    return file
  }
}

function deleting(connection: Connection): Handlers<Commands>['versions.delete'] {
  const requireVersion = requiring(connection)
  const versions = new EarlierVersions(connection)
  return (viewer, args) => versions.drop(requireVersion(viewer, args, 'manage').earlier, args.nowMs)
}

function pruning(connection: Connection): Handlers<'versions.prune' | 'versions.pruneSurplus'> {
  const old = connection.prepare<[object], VersionRow>(`
    SELECT ${versionColumns} FROM file_versions WHERE replaced_at_ms < :replacedBeforeMs
    ORDER BY replaced_at_ms LIMIT :limit`)
  const files = connection
    .prepare<[object], string>(
      `SELECT DISTINCT file_id FROM file_versions WHERE file_id > :afterFileId
      ORDER BY file_id LIMIT :limit`,
    )
    .pluck()
  const versions = new EarlierVersions(connection)
  return {
    'versions.prune': (args) => {
      const rows = old.all(args)
      for (const row of rows) versions.drop(row, args.nowMs)
      return rows.length
    },
    'versions.pruneSurplus': (args) => {
      const ids = files.all(args)
      const dropped = ids.reduce((sum, id) => sum + versions.dropSurplus(id, args), 0)
      return { dropped, nextAfterFileId: ids.length < args.limit ? null : ids.at(-1)! }
    },
  }
}

function versionOf({ fileId: _, ownerId: __, ...row }: VersionRow): FileVersion {
  return { ...row, extents: extentsFrom(row.extents) }
}

function currentOf(row: FileRow): FileVersion {
  const { sizeBytes, etag, sha256, extents, version, contentType, updatedAtMs } = row
  const content = { sizeBytes, etag, sha256, extents: extentsFrom(extents) }
  return { ...content, version, contentType, createdAtMs: updatedAtMs }
}

function noSuchVersion(): AppError {
  return new AppError('not_found', 'there is no such version')
}
