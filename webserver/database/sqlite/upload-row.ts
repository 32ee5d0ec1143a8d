import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { FileCondition } from '../../domain/file'
import type { UploadOutcome, UploadPart, UploadSession } from '../../domain/upload'
import type { Connection } from './connection'
import { metadataFrom } from './file-row'

/** A row as SQLite has it: what is structured is JSON. */
export interface UploadRow extends Omit<
  UploadSession,
  'metadata' | 'condition' | 'parts' | 'outcome'
> {
  ownerId: string
  metadata: string
  condition: string
  parts: string | null
  outcome: string | null
}

/** An `uploads` joined with its owner's `accounts`, under the names of `UploadRow`. */
export const uploadColumns = `
  uploads.id AS id, uploads.kind AS kind, uploads.account_id AS accountId,
  uploads.link_id AS linkId, uploads.owner_id AS ownerId, accounts.name AS owner,
  uploads.path AS path, uploads.length_bytes AS lengthBytes, uploads.offset_bytes AS offsetBytes,
  uploads.reserved_bytes AS reservedBytes, uploads.hash_state AS hashState,
  uploads.content_type AS contentType, uploads.metadata AS metadata,
  uploads.condition AS condition, uploads.parts AS parts, uploads.lease_holder AS leaseHolder,
  uploads.lease_epoch AS leaseEpoch, uploads.lease_until_ms AS leaseUntilMs,
  uploads.created_at_ms AS createdAtMs, uploads.expires_at_ms AS expiresAtMs,
  uploads.outcome AS outcome`

export const uploadTables = 'uploads JOIN accounts ON accounts.id = uploads.owner_id'

/** What is the sender's own: `:accountId` or `:linkId`, of which one is null. */
export const isSenders = 'uploads.account_id IS :accountId AND uploads.link_id IS :linkId'

export function uploadOf({ ownerId: _, ...row }: UploadRow): UploadSession {
  return {
    ...row,
    metadata: metadataFrom(row.metadata),
    condition: JSON.parse(row.condition) as FileCondition,
    parts: partsFrom(row.parts),
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as UploadOutcome),
  }
}

export function partsFrom(json: string | null): UploadPart[] | null {
  return json === null ? null : (JSON.parse(json) as UploadPart[])
}

/** The drafts that hold an upload's bytes. */
export function draftsOf({ id, parts }: Pick<UploadRow, 'id' | 'parts'>): string[] {
  return partsFrom(parts)?.map((part) => part.id) ?? [id]
}

/** Finds an upload of the viewer's own. @throws {AppError} `not_found`. */
export function uploadFinder(connection: Connection): (viewer: Viewer, id: string) => UploadRow {
  const find = connection.prepare<[object], UploadRow>(
    `SELECT ${uploadColumns} FROM ${uploadTables} WHERE uploads.id = :id AND ${isSenders}`,
  )
  return ({ accountId, linkId }, id) => {
    const row = find.get({ id, accountId, linkId })
    if (row !== undefined) return row
    throw new AppError('not_found', 'there is no such upload')
  }
}
