import type { Compaction, ScatteredContent, ScatteredQuery } from '../../domain/database'
import type { Handlers } from '../operations'
import { acquireBlobs, releaseBlobs, requireUsable } from './blobs'
import type { FileRow, Tables, VersionRow } from './document'

export function contentHandlers(
  tables: Tables,
): Handlers<'contents.scattered' | 'contents.compact'> {
  return {
    'contents.scattered': (args) => scattered(tables, args),
    'contents.compact': (args) => compact(tables, args),
  }
}

function scattered(tables: Tables, args: ScatteredQuery): ScatteredContent[] {
  const written = [
    ...[...tables.files.values()].map((row) => ({ row, fileId: row.id, atMs: row.updatedAtMs })),
    ...[...tables.versions.values()].map((row) => ({ row, ...row, atMs: row.replacedAtMs })),
  ]
  return written
    .filter(({ row, atMs }) => isDue(row.extents?.length ?? 0, atMs, args))
    .sort((a, b) => a.atMs - b.atMs)
    .slice(0, args.limit)
    .map(({ row: { version, sizeBytes, etag, sha256, extents }, fileId }) => {
      return { fileId, version, sizeBytes, etag, sha256, extents }
    })
}

function isDue(count: number, atMs: number, args: ScatteredQuery): boolean {
  if (count === 0) return false
  return atMs < args.beforeMs || (atMs < args.crowdedBeforeMs && count >= args.crowdedExtents)
}

function compact(tables: Tables, args: Compaction): boolean {
  const { sha256, nowMs, linked } = args
  const row = rowOf(tables, args)
  if (row === undefined) return false
  const after = { sha256, extents: null }
  requireUsable(tables, after, linked)
  acquireBlobs(tables, after, nowMs)
  releaseBlobs(tables, row, nowMs)
  Object.assign(row, after)
  return true
}

/** A version is in one table, and may have moved from one to another since it was read. */
function rowOf(
  tables: Tables,
  { fileId, version, etag }: Compaction,
): FileRow | VersionRow | undefined {
  const rows = [
    ...[...tables.files.values(), ...tables.trash.values()].filter(({ id }) => id === fileId),
    ...[...tables.versions.values()].filter((row) => row.fileId === fileId),
  ]
  return rows.find((row) => row.version === version && row.etag === etag && row.extents !== null)
}
