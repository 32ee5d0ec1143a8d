import type { Extent } from '../../domain/content'
import type { StoredFile } from '../../domain/file'

/** A row as SQLite has it: what is structured is JSON. */
export interface FileRow extends Omit<StoredFile, 'extents' | 'metadata'> {
  ownerId: string
  extents: string | null
  metadata: string
}

/** A `files` joined with its owner's `accounts`, under the names of `FileRow`. */
export const fileColumns = columnsOf('files')

/** The trash has the same, and one more. */
export const trashColumns = `${columnsOf('trash')}, trash.deleted_at_ms AS deletedAtMs`

function columnsOf(table: 'files' | 'trash'): string {
  return `
  ${table}.owner_id AS ownerId, ${table}.id AS id, accounts.name AS owner, ${table}.path AS path,
  ${table}.size_bytes AS sizeBytes, ${table}.etag AS etag, ${table}.sha256 AS sha256,
  ${table}.extents AS extents, ${table}.content_type AS contentType, ${table}.metadata AS metadata,
  ${table}.meta_version AS metaVersion, ${table}.version AS version,
  ${table}.created_at_ms AS createdAtMs, ${table}.updated_at_ms AS updatedAtMs`
}

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
