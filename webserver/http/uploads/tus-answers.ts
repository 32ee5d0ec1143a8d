import { z } from 'zod'
import type { StoredFile } from '../../domain/file'
import type { UploadSession } from '../../domain/upload'
import type { PieceResult } from '../../services/uploads/resumable'
import { digestHeaders } from '../downloads/file-headers'
import { formatHttpDate } from '../http-date'
import { timeSchema } from '../schemas'
import { checksumAlgorithms, metadataText, tusExtensions, tusVersion } from './tus-fields'

export interface UploadLimits {
  uploadBytesMax: number
  uploadPatchBytesMax: number
  uploadExpiryMs: number
}

/** What there is to know before anything is sent; the draft of the IETF for resumable uploads has one header for it. */
export function limitHeaders(limits: UploadLimits): Record<string, string> {
  const { uploadBytesMax, uploadPatchBytesMax, uploadExpiryMs } = limits
  const ageS = Math.floor(uploadExpiryMs / 1000)
  return {
    'Tus-Max-Size': String(uploadBytesMax),
    'Upload-Limit': `max-size=${uploadBytesMax}, max-append-size=${uploadPatchBytesMax}, max-age=${ageS}`,
  }
}

export function protocolHeaders(limits: UploadLimits): Record<string, string> {
  return {
    'Tus-Resumable': tusVersion,
    'Tus-Version': tusVersion,
    'Tus-Extension': tusExtensions,
    'Tus-Checksum-Algorithm': checksumAlgorithms.join(','),
    ...limitHeaders(limits),
  }
}

/** Relative: whoever stands in front may call this service by any name. */
export function locationOf(id: string): string {
  return `/v1/uploads/${id}`
}

/** Where an upload is, as HEAD answers it. */
export function sessionHeaders(session: UploadSession): Record<string, string> {
  const { kind, lengthBytes, metadata, parts } = session
  return {
    ...progressHeaders(session),
    ...(lengthBytes === null ? { 'Upload-Defer-Length': '1' } : {}),
    ...(lengthBytes === null ? {} : { 'Upload-Length': String(lengthBytes) }),
    ...(kind === 'part' ? { 'Upload-Concat': 'partial' } : {}),
    ...(parts === null
      ? {}
      : { 'Upload-Concat': `final;${parts.map(({ id }) => locationOf(id)).join(' ')}` }),
    ...(Object.keys(metadata).length === 0 ? {} : { 'Upload-Metadata': metadataText(metadata) }),
    ...(session.outcome === null ? {} : { 'Content-Location': fileLocation(session) }),
  }
}

function progressHeaders({ offsetBytes, expiresAtMs }: UploadSession): Record<string, string> {
  return {
    'Upload-Offset': String(offsetBytes),
    'Upload-Expires': formatHttpDate(expiresAtMs),
  }
}

/** What a request that brought bytes is answered: how far the upload is, and of what it became. */
export function pieceHeaders({ session, result }: PieceResult): Record<string, string> {
  if (result === null) return progressHeaders(session)
  return { 'Upload-Offset': String(result.file.sizeBytes), ...fileHeaders(result.file) }
}

function fileHeaders(file: StoredFile): Record<string, string> {
  return { 'Content-Location': fileLocation(file), ETag: file.etag, ...digestHeaders(file) }
}

function fileLocation({ owner, path }: { owner: string; path: string }): string {
  return `/v1/files/${[owner, ...path.split('/')].map(encodeURIComponent).join('/')}`
}

export const uploadSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['put', 'file', 'part', 'joined']),
  owner: z.string(),
  path: z.string(),
  length: z.number().int().nullable().meta({ description: 'Bytes; null while nobody said it.' }),
  offset: z.number().int().meta({ description: 'Bytes that are durable.' }),
  reserved: z.number().int().meta({ description: 'Bytes of the quota that are kept free for it.' }),
  contentType: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  createdAt: timeSchema,
  expiresAt: timeSchema,
  file: z
    .strictObject({ etag: z.string(), version: z.number().int(), sha256: z.string().nullable() })
    .nullable()
    .meta({ description: 'What it became; null while it is open.' }),
})

export function uploadView(session: UploadSession): z.output<typeof uploadSchema> {
  const { id, kind, owner, path, contentType, metadata, outcome } = session
  const file = outcome && { etag: outcome.etag, version: outcome.version, sha256: outcome.sha256 }
  return {
    ...{ id, kind, owner, path, contentType, metadata, file },
    length: session.lengthBytes,
    offset: session.offsetBytes,
    reserved: session.reservedBytes,
    createdAt: new Date(session.createdAtMs).toISOString(),
    expiresAt: new Date(session.expiresAtMs).toISOString(),
  }
}
