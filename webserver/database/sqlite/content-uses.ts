import {
  nextPlace,
  type ContentPlace,
  type ContentPosition,
  type ContentUse,
} from '../../domain/content-use'
import type { Handlers } from '../operations'
import type { Connection } from './connection'
import { extentsFrom } from './file-row'

interface UseRow extends Omit<ContentUse, 'place' | 'extents'> {
  extents: string | null
  first: string
  second: string | number
}

const columns = (table: string) =>
  `${table}.size_bytes AS sizeBytes, ${table}.sha256 AS sha256, ${table}.extents AS extents,
  ${table}.version AS version, accounts.name AS owner`

const rowsOf: Record<ContentPlace, string> = {
  file: `SELECT ${columns('files')}, files.id AS fileId, files.path AS path,
      files.owner_id AS first, files.path AS second
    FROM files JOIN accounts ON accounts.id = files.owner_id
    WHERE (files.owner_id, files.path) > (:first, :second)
    ORDER BY files.owner_id, files.path LIMIT :limit`,
  version: `SELECT ${columns('file_versions')}, file_versions.file_id AS fileId,
      coalesce(
        (SELECT path FROM files WHERE id = file_versions.file_id),
        (SELECT path FROM trash WHERE id = file_versions.file_id)) AS path,
      file_versions.file_id AS first, file_versions.version AS second
    FROM file_versions JOIN accounts ON accounts.id = file_versions.owner_id
    WHERE (file_versions.file_id, file_versions.version) > (:first, :second)
    ORDER BY file_versions.file_id, file_versions.version LIMIT :limit`,
  trash: `SELECT ${columns('trash')}, trash.id AS fileId, trash.path AS path,
      trash.id AS first, '' AS second
    FROM trash JOIN accounts ON accounts.id = trash.owner_id
    WHERE trash.id > :first ORDER BY trash.id LIMIT :limit`,
}

export function contentUseQueries(connection: Connection): Handlers<'contentUses.list'> {
  const prepare = (place: ContentPlace) => connection.prepare<[object], UseRow>(rowsOf[place])
  const statements = {
    file: prepare('file'),
    version: prepare('version'),
    trash: prepare('trash'),
  }
  return {
    'contentUses.list': ({ from: { place, after }, limit }) => {
      const [first, second] = after
      const rows = statements[place].all({ first, second, limit })
      const last = rows.at(-1)
      const next: ContentPosition | null =
        last !== undefined && rows.length === limit
          ? { place, after: [last.first, last.second] }
          : nextPlace(place)
      return { uses: rows.map((row) => useOf(row, place)), next }
    },
  }
}

function useOf({ first: _, second: __, ...row }: UseRow, place: ContentPlace): ContentUse {
  return { ...row, place, extents: extentsFrom(row.extents) }
}
