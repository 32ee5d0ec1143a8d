import { inLowerCase, type FileFilter, type SortKey } from '../../domain/listing'
import { fileColumns } from './file-row'

// The last segment: what is left of the path when all before the last slash is cut off.
const name = `substr(files.path, length(rtrim(files.path, replace(files.path, '/', ''))) + 1)`

export const keyExpressions: Readonly<Record<Exclude<SortKey, 'path'>, string>> = {
  name,
  size: 'files.size_bytes',
  updated: 'files.updated_at_ms',
  created: 'files.created_at_ms',
}

const mediaType = `rtrim(substr(lower(files.content_type), 1,
  instr(files.content_type || ';', ';') - 1), ' ' || char(9))`

/** Twin of `matchesFilter`, where rows are many. A–Z are all the letters that `lower` knows. */
export const filterSql = `
  (:contentType IS NULL OR ${mediaType} = :contentType
    OR (substr(:contentType, -1) = '/' AND substr(${mediaType}, 1, length(:contentType)) = :contentType))
  AND (:updatedFromMs IS NULL OR files.updated_at_ms >= :updatedFromMs)
  AND (:updatedToMs IS NULL OR files.updated_at_ms <= :updatedToMs)
  AND (:sizeMinBytes IS NULL OR files.size_bytes >= :sizeMinBytes)
  AND (:sizeMaxBytes IS NULL OR files.size_bytes <= :sizeMaxBytes)
  AND (:nameContains IS NULL OR instr(lower(${name}), :nameContains) > 0)`

export function filterValues({ contentType, nameContains, ...bounds }: FileFilter) {
  return {
    ...bounds,
    contentType: contentType === null ? null : inLowerCase(contentType),
    nameContains: nameContains === null ? null : inLowerCase(nameContains),
  }
}

/** The name of the owner is known, and need not be joined to every row. */
export const columnsOfOwner = fileColumns.replace('accounts.name', ':owner')
