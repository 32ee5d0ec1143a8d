import { AppError } from '../../domain/errors'
import { conditionHolds } from '../../domain/file'
import { infoEtagOf, withMetadata, type FolderSum } from '../../domain/file-info'
import { allows } from '../../domain/rights'
import type { Handlers } from '../operations'
import { endOfPrefix } from '../path-order'
import type { Connection } from './connection'
import { fileOf, rowOf } from './file-row'
import { Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

export function infoQueries(connection: Connection): Handlers<'files.info' | 'files.sum'> {
  return { 'files.info': informing(connection), 'files.sum': summing(connection) }
}

export function infoCommands(connection: Connection): Handlers<'files.setMetadata'> {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const update = connection.prepare<[object]>(`
    UPDATE files SET content_type = :contentType, metadata = :metadata, meta_version = :metaVersion
    WHERE owner_id = :ownerId AND path = :path`)
  return {
    'files.setMetadata': (viewer, change) => {
      const row = findRow(change.key)
      if (row === undefined) throw new AppError('not_found', 'there is no such file')
      rights.require(viewer, { ...row, fileId: row.id }, 'edit')
      const current = fileOf(row)
      if (!conditionHolds(change.condition, infoEtagOf(current)))
        throw new AppError('precondition_failed', 'the file is not what the condition says')
      const file = withMetadata(current, change)
      update.run(rowOf(file, row.ownerId))
      return file
    },
  }
}

function informing(connection: Connection): Handlers<'files.info'>['files.info'] {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const versions = connection
    .prepare<[string], number>('SELECT count(*) FROM file_versions WHERE file_id = ?')
    .pluck()
  return (viewer, key) => {
    const row = findRow(key)
    if (row === undefined) return null
    const right = rights.ofFile(viewer, { ...row, fileId: row.id })
    if (right === null || !allows(right, 'view')) return null
    return { file: fileOf(row), earlierVersions: versions.get(row.id)!, right }
  }
}

function summing(connection: Connection): Handlers<'files.sum'>['files.sum'] {
  const rights = new Rights(connection)
  const idOf = accountIdFinder(connection)
  const sum = connection.prepare<[object], FolderSum>(`
    SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS sizeBytes,
      max(updated_at_ms) AS newestMs, max(path) AS last
    FROM (SELECT path, size_bytes, updated_at_ms FROM files
      WHERE owner_id = :ownerId AND path > :after AND path < :to ORDER BY path LIMIT :limit)`)
  return (viewer, { owner, folder, after, limit }) => {
    const ownerId = idOf(owner)
    if (ownerId === undefined) return null
    if (!allows(rights.ofFolder(viewer, ownerId, folder), 'view')) return null
    const prefix = folder === '' ? '' : `${folder}/`
    const to = endOfPrefix(prefix) ?? Buffer.alloc(0)
    const found = sum.get({ ownerId, after: after ?? prefix, to, limit })!
    return { ...found, last: found.files < limit ? null : found.last }
  }
}
