import { z } from 'zod'
import type { FileKey } from '../../domain/file'
import type { FileService } from '../../services/file-service'
import { writeConditionOf } from '../conditional'
import { sendFile, type DownloadOptions } from '../downloads/send-file'
import { fileParams, fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { digestWishes, writtenHeaders } from '../uploads/exchange'
import { plainBodyOf } from '../uploads/plain-body'
import { limitHeaders, type UploadLimits } from '../uploads/tus-answers'
import { writeErrors } from '../uploads/write-errors'

export interface FileRouteOptions {
  downloads: DownloadOptions
  /** How long a body may stand still. */
  bodyIdleTimeoutMs: number
  limits: UploadLimits
}

const path = '/v1/files/:owner/*path'

const downloadQuerySchema = z.strictObject({
  version: z.coerce.number().int().min(1).optional().meta({
    description: 'Which version; the current one unless said.',
  }),
  download: z.enum(['', '1', 'true']).optional().meta({
    description: 'Has the file saved, also where a browser could show it.',
  }),
})

const removalQuerySchema = z.strictObject({
  permanent: z.enum(['true', 'false']).default('false').meta({
    description: 'Past the trash: it cannot be brought back, and its space is free.',
  }),
})

export function fileRoutes(files: FileService, options: FileRouteOptions): Route[] {
  return [put(files, options), get(files, options), remove(files)]
}

function put(files: FileService, options: FileRouteOptions): Route {
  return defineRoute(
    {
      method: 'put',
      path,
      summary: 'Store a file, whole: create it, or replace what is there',
      access: 'session',
      params: fileParams,
      advertises: limitHeaders(options.limits),
      rawBody:
        'The content. If-Match and If-None-Match are honoured, Content-Digest and Repr-Digest verified.',
      responses: {
        201: { description: 'Created.', schema: fileSchema },
        200: { description: 'Replaced.', schema: fileSchema },
      },
      errors: writeErrors,
    },
    async ({ caller, params, timing, req, res }) => {
      res.setHeader('Want-Content-Digest', digestWishes)
      const { digests, ...body } = plainBodyOf(req, res, options.bodyIdleTimeoutMs)
      const upload = { ...body, key: params, condition: writeConditionOf(req.headers) }
      const { file, created } = await files.put(caller, upload, timing)
      const headers = { ...writtenHeaders(file), ...digests.wantedHeaders() }
      return { status: created ? 201 : 200, headers, body: fileView(file) }
    },
  )
}

function get(files: FileService, { downloads }: FileRouteOptions): Route {
  return defineRoute(
    {
      method: 'get',
      path,
      summary: 'Read a file or a part of it',
      access: 'session',
      params: fileParams,
      query: downloadQuerySchema,
      responses: {
        200: { description: 'The content.', contentType: '*/*' },
        206: {
          description: 'The part that Range asks for; several as multipart/byteranges.',
          contentType: '*/*',
        },
        304: { description: 'What If-None-Match or If-Modified-Since names is still current.' },
      },
      errors: ['not_found', 'precondition_failed', 'range_not_satisfiable'],
    },
    async ({ caller, params, query, timing, req, res }) => {
      const open = await files.get(caller, params, timing, query.version)
      const asAttachment = query.download !== undefined
      await sendFile(req, res, { open, asAttachment, ...downloads })
      return undefined
    },
  )
}

function remove(files: FileService): Route {
  return defineRoute(
    {
      method: 'delete',
      path,
      summary: 'Delete a file: into the trash, unless there is none',
      access: 'session',
      params: fileParams,
      query: removalQuerySchema,
      responses: { 204: { description: 'Deleted.' } },
      errors: ['not_found', 'forbidden', 'precondition_failed', 'precondition_required'],
    },
    async ({ caller, params, query, timing, req }) => {
      const key: FileKey = params
      const isPermanent = query.permanent === 'true'
      const condition = writeConditionOf(req.headers)
      await files.delete(caller, { key, condition, isPermanent }, timing)
      return { status: 204 }
    },
  )
}
