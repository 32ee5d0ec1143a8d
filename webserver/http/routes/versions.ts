import { z } from 'zod'
import type { FileVersion } from '../../domain/version'
import type { VersionService } from '../../services/version-service'
import { writeConditionOf } from '../conditional'
import { digestHeaders } from '../downloads/file-headers'
import { fileParams, fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { timeSchema } from '../schemas'

const path = '/v1/versions/:owner/*path'

const versionSchema = z.strictObject({
  version: z.number().int(),
  size: z.number().int().meta({ description: 'Bytes.' }),
  etag: z.string(),
  sha256: z.string().nullable().meta({ description: 'Null while nobody has read the whole.' }),
  contentType: z.string(),
  createdAt: timeSchema,
})

const pageSchema = z.strictObject({
  versions: z.array(versionSchema),
  cursor: z.string().nullable().meta({ description: 'Asks for the next page; null on the last.' }),
})

const numberSchema = z.number().int().min(1)

export function versionRoutes(versions: VersionService): Route[] {
  return [list(versions), restore(versions), remove(versions)]
}

function list(versions: VersionService): Route {
  return defineRoute(
    {
      method: 'get',
      path,
      summary: 'List the versions of a file, newest first; the first is the current one',
      access: 'session',
      params: fileParams,
      query: z.strictObject({
        cursor: z.string().max(32).optional(),
        limit: z.coerce.number().int().default(100),
      }),
      responses: { 200: { description: 'A page of versions.', schema: pageSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params, query, timing }) => {
      const { cursor = null, limit } = query
      const page = await versions.list(caller, { key: params, cursor, limit }, timing)
      return {
        status: 200,
        body: { versions: page.versions.map(versionView), cursor: page.cursor },
      }
    },
  )
}

function restore(versions: VersionService): Route {
  return defineRoute(
    {
      method: 'post',
      path,
      summary: 'Make the content of an earlier version the next version; no bytes are copied',
      access: 'session',
      params: fileParams,
      body: z.strictObject({
        version: numberSchema,
        ifMatch: z.string().max(256).optional().meta({
          description: 'Only if this is the ETag of the current version; If-Match does the same.',
        }),
      }),
      responses: { 200: { description: 'The file as it is now.', schema: fileSchema } },
      errors: ['forbidden', 'not_found', 'conflict', 'precondition_failed', 'quota_exceeded'],
    },
    async ({ caller, params, body, timing, req }) => {
      const { version, ifMatch } = body
      const stated = ifMatch === undefined ? req.headers : { ...req.headers, 'if-match': ifMatch }
      const condition = writeConditionOf(stated)
      const file = await versions.restore(caller, { key: params, version, condition }, timing)
      const headers = { ETag: file.etag, ...digestHeaders(file) }
      return { status: 200, headers, body: fileView(file) }
    },
  )
}

function remove(versions: VersionService): Route {
  return defineRoute(
    {
      method: 'delete',
      path,
      summary: 'Let an earlier version go',
      access: 'session',
      params: fileParams,
      query: z.strictObject({ version: z.coerce.number().pipe(numberSchema) }),
      responses: { 204: { description: 'Gone.' } },
      errors: ['forbidden', 'not_found', 'conflict'],
    },
    async ({ caller, params, query, timing }) => {
      await versions.delete(caller, { key: params, version: query.version }, timing)
      return { status: 204 }
    },
  )
}

function versionView(one: FileVersion): z.output<typeof versionSchema> {
  const { version, sizeBytes: size, etag, sha256, contentType, createdAtMs } = one
  const createdAt = new Date(createdAtMs).toISOString()
  return { version, size, etag, sha256, contentType, createdAt }
}
