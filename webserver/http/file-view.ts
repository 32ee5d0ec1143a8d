import { z } from 'zod'
import type { StoredFile } from '../domain/file'
import { nameSchema, timeSchema } from './schemas'

/** The parameters of routes that name a file: `/v1/…/:owner/*path`. */
export const fileParams = z.strictObject({
  owner: nameSchema,
  // Express decodes each segment by itself: a slash inside one was sent as %2F and would name another file.
  path: z
    .array(z.string().refine((segment) => !segment.includes('/'), 'has a segment with a "/" in it'))
    .transform((segments) => segments.join('/')),
})

/** A file as every answer shows it. */
export const fileSchema = z.strictObject({
  owner: z.string(),
  path: z.string(),
  size: z.number().int().meta({ description: 'Bytes.' }),
  sha256: z.string().nullable().meta({ description: 'Null while nobody has read the whole.' }),
  contentType: z.string(),
  etag: z.string(),
  version: z.number().int(),
  metadata: z.record(z.string(), z.string()),
  createdAt: timeSchema,
  updatedAt: timeSchema,
})

export function fileView(file: StoredFile): z.output<typeof fileSchema> {
  const { owner, path, sha256, etag, contentType, metadata, version } = file
  return {
    owner,
    path,
    size: file.sizeBytes,
    sha256,
    contentType,
    etag,
    version,
    metadata,
    createdAt: new Date(file.createdAtMs).toISOString(),
    updatedAt: new Date(file.updatedAtMs).toISOString(),
  }
}
