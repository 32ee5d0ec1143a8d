import { z } from 'zod'
import { signedMethods, type SignedUrlService } from '../../services/signed-url-service'
import { writeConditionOf } from '../conditional'
import { sendFile, type DownloadOptions } from '../downloads/send-file'
import { fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'
import { digestWishes, writtenHeaders } from '../uploads/exchange'
import { plainBodyOf } from '../uploads/plain-body'
import { writeErrors } from '../uploads/write-errors'

export interface SignedUrlRouteOptions {
  downloads: DownloadOptions
  bodyIdleTimeoutMs: number
}

const path = '/d/:token'
const tokenParams = z.strictObject({ token: z.string().max(4096) })

const requestSchema = z.strictObject({
  owner: nameSchema,
  path: z.string().max(1024),
  method: z.enum(signedMethods),
  expiresInS: z.number().int().min(1),
  disposition: z.enum(['inline', 'attachment']).default('inline').meta({
    description: 'Of a GET. What a browser must not show is an attachment anyway.',
  }),
  bytesMax: z.number().int().min(0).nullable().default(null).meta({
    description: 'Of a PUT: most bytes; null leaves it to the service.',
  }),
})

export function signedUrlRoutes(urls: SignedUrlService, options: SignedUrlRouteOptions): Route[] {
  return [sign(urls), read(urls, options), write(urls, options)]
}

function sign(urls: SignedUrlService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/signed-urls',
      summary: 'Make a URL that lets whoever has it read or store one file for some minutes',
      access: 'session',
      body: requestSchema,
      responses: {
        201: {
          description: 'It ends early when the password of the account is changed.',
          schema: z.strictObject({ url: z.string(), expiresAt: timeSchema }),
        },
      },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, body, timing }) => {
      const { owner, method, expiresInS, disposition, bytesMax } = body
      const request = {
        ...{ key: { owner, path: body.path }, method, bytesMax },
        lifetimeMs: expiresInS * 1000,
        asAttachment: disposition === 'attachment',
      }
      const { token, expiresAtMs } = await urls.sign(caller, request, timing)
      const expiresAt = new Date(expiresAtMs).toISOString()
      return { status: 201, body: { url: `/d/${token}`, expiresAt } }
    },
  )
}

function read(urls: SignedUrlService, { downloads }: SignedUrlRouteOptions): Route {
  return defineRoute(
    {
      method: 'get',
      path,
      summary: 'Read the file of a signed URL',
      access: 'public',
      params: tokenParams,
      responses: {
        200: { description: 'The content.', contentType: '*/*' },
        206: { description: 'The parts that Range asks for.', contentType: '*/*' },
        304: { description: 'What If-None-Match or If-Modified-Since names is still current.' },
      },
      errors: ['not_found', 'gone', 'precondition_failed', 'range_not_satisfiable'],
    },
    async ({ params, req, res, timing }) => {
      const download = await urls.read(params.token, timing)
      await sendFile(req, res, { ...download, ...downloads })
      return undefined
    },
  )
}

function write(urls: SignedUrlService, { bodyIdleTimeoutMs }: SignedUrlRouteOptions): Route {
  return defineRoute(
    {
      method: 'put',
      path,
      summary: 'Store the file of a signed URL, whole',
      access: 'public',
      params: tokenParams,
      rawBody: 'The content. If-Match and If-None-Match are honoured.',
      responses: {
        201: { description: 'Created.', schema: fileSchema },
        200: { description: 'Replaced.', schema: fileSchema },
      },
      errors: [...writeErrors, 'gone'],
    },
    async ({ params, timing, req, res }) => {
      res.setHeader('Want-Content-Digest', digestWishes)
      const { digests, ...body } = plainBodyOf(req, res, bodyIdleTimeoutMs)
      const upload = { ...body, condition: writeConditionOf(req.headers) }
      const { file, created } = await urls.write(params.token, upload, timing)
      const headers = { ...writtenHeaders(file), ...digests.wantedHeaders() }
      return { status: created ? 201 : 200, headers, body: fileView(file) }
    },
  )
}
