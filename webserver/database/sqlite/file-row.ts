import type { Extent } from '../../domain/content'
import type { StoredFile } from '../../domain/file'

/** A row as SQLite has it: what is structured is JSON. */
export interface FileRow extends Omit<StoredFile, 'extents' | 'metadata'> {
  ownerId: string
  extents: string | null
  metadata: string
}

/** A `files` joined with its owner's `accounts`, under the names of `FileRow`. */
export const fileColumns = `
  files.owner_id AS ownerId, files.id AS id, accounts.name AS owner, files.path AS path,
  files.size_bytes AS sizeBytes, files.etag AS etag, files.sha256 AS sha256,
  files.extents AS extents, files.content_type AS contentType, files.metadata AS metadata,
  files.meta_version AS metaVersion, files.version AS version,
  files.created_at_ms AS createdAtMs, files.updated_at_ms AS updatedAtMs`

export function fileOf({ ownerId: _, ...row }: FileRow): StoredFile {
  return { ...row, extents: extentsFrom(row.extents), metadata: metadataFrom(row.metadata) }
}

export function extentsFrom(json: string | null): Extent[] | null {
  return json === null ? null : (JSON.parse(json) as Extent[])
}

// Most files have none, and all of those the same.
const noMetadata = Object.freeze({})

export function metadataFrom(json: string): Record<string, string> {
  return json === '{}' ? noMetadata : (JSON.parse(json) as Record<string, string>)
}

export function rowOf(file: StoredFile, ownerId: string): FileRow {
  const extents = file.extents === null ? null : JSON.stringify(file.extents)
  return { ...file, ownerId, extents, metadata: JSON.stringify(file.metadata) }
}
