import type { Compaction, ScatteredContent } from '../../domain/database'
import type { Handlers } from '../operations'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { extentsFrom } from './file-row'

type ScatteredRow = Omit<ScatteredContent, 'extents'> & { extents: string }

export function contentQueries(connection: Connection): Handlers<'contents.scattered'> {
  const due = (writtenAt: string) => `extents IS NOT NULL AND ${writtenAt} < :laterMs
    AND (${writtenAt} < :beforeMs
      OR (${writtenAt} < :crowdedBeforeMs AND json_array_length(extents) >= :crowdedExtents))`
  const list = connection.prepare<[object], ScatteredRow>(`
    SELECT id AS fileId, version, size_bytes AS sizeBytes, etag, sha256, extents,
      updated_at_ms AS writtenAtMs
    FROM files WHERE ${due('updated_at_ms')}
    UNION ALL
    SELECT file_id, version, size_bytes, etag, sha256, extents, replaced_at_ms
    FROM file_versions WHERE ${due('replaced_at_ms')}
    ORDER BY writtenAtMs LIMIT :limit`)
  return {
    'contents.scattered': (args) => {
      const laterMs = Math.max(args.beforeMs, args.crowdedBeforeMs)
      return list.all({ ...args, laterMs }).map(contentOf)
    },
  }
}

function contentOf({ fileId, version, sizeBytes, etag, sha256, extents }: ScatteredRow) {
  return { fileId, version, sizeBytes, etag, sha256, extents: extentsFrom(extents) }
}

export function contentCommands(connection: Connection): Handlers<'contents.compact'> {
  // A version is in one of them, and may have moved from the one to the other since it was read.
  const tables = [
    tableOf('files', 'id'),
    tableOf('file_versions', 'file_id'),
    tableOf('trash', 'id'),
  ]
  const references = new BlobReferences(connection)
  function tableOf(name: string, id: string) {
    const where = `${id} = :fileId AND version = :version AND etag = :etag AND extents IS NOT NULL`
    return {
      find: connection
        .prepare<[object], string>(`SELECT extents FROM ${name} WHERE ${where}`)
        .pluck(),
      update: connection.prepare<[object]>(
        `UPDATE ${name} SET sha256 = :sha256, extents = NULL WHERE ${where}`,
      ),
    }
  }
  return {
    'contents.compact': (args: Compaction) => {
      const found = tables
        .map((table) => ({ ...table, extents: table.find.get(args) }))
        .find(({ extents }) => extents !== undefined)
      if (found?.extents === undefined) return false
      const { sha256, nowMs, linked } = args
      references.acquire({ sha256, extents: null }, nowMs, linked)
      found.update.run(args)
      references.release({ sha256: null, extents: extentsFrom(found.extents) }, nowMs)
      return true
    },
  }
}
