import { AppError } from '../../domain/errors'
import { conditionHolds } from '../../domain/file'
import { infoEtagOf, withMetadata, type FolderSum } from '../../domain/file-info'
import { allows } from '../../domain/rights'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { findByName } from './accounts'
import { fileKeyOf, type FileRow, type Tables } from './document'
import { versionsOf } from './earlier-versions'
import { withoutOwnerId } from './files'
import { requireRight, rightToFile, rightToFolder } from './rights'

type Operations = 'files.info' | 'files.sum' | 'files.setMetadata'

export function infoHandlers(tables: Tables): Handlers<Operations> {
  return {
    'files.info': (viewer, key) => {
      const row = tables.files.get(fileKeyOf(key))
      const right = row ? rightToFile(tables, viewer, { ...row, fileId: row.id }) : null
      if (row === undefined || right === null || !allows(right, 'view')) return null
      const earlierVersions = versionsOf(tables, row.id).length
      return { file: withoutOwnerId(row), earlierVersions, right }
    },
    'files.sum': (viewer, { owner, folder, after, limit }) => {
      const ownerId = findByName(tables, owner)?.id
      if (ownerId === undefined) return null
      if (!allows(rightToFolder(tables, viewer, { ownerId, folder }), 'view')) return null
      const prefix = folder === '' ? '' : `${folder}/`
      const rows = [...tables.files.values()]
        .filter((row) => row.ownerId === ownerId && row.path.startsWith(prefix))
        .filter((row) => after === null || compareByCodePoint(row.path, after) > 0)
        .sort((a, b) => compareByCodePoint(a.path, b.path))
        .slice(0, limit)
      return sumOf(rows, rows.length === limit)
    },
    'files.setMetadata': (viewer, change) => {
      const row = tables.files.get(fileKeyOf(change.key))
      if (row === undefined) throw new AppError('not_found', 'there is no such file')
      requireRight(rightToFile(tables, viewer, { ...row, fileId: row.id }), 'edit')
      if (!conditionHolds(change.condition, infoEtagOf(row)))
        throw new AppError('precondition_failed', 'the file is not what the condition says')
      const file = withMetadata(withoutOwnerId(row), change)
      tables.files.set(fileKeyOf(file), { ...file, ownerId: row.ownerId })
      return file
    },
  }
}

function sumOf(rows: readonly FileRow[], isMore: boolean): FolderSum {
  return {
    files: rows.length,
    sizeBytes: rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    newestMs: rows.length === 0 ? null : Math.max(...rows.map(({ updatedAtMs }) => updatedAtMs)),
    last: isMore ? rows.at(-1)!.path : null,
  }
}
