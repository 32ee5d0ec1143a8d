import type { Request, Response } from 'express'
import { z } from 'zod'
import type { LinkVisits, Visit } from '../../services/links/link-visits'
import type { OpenContent } from '../../services/open-content'
import { sendFile, type DownloadOptions } from '../downloads/send-file'
import { fileParams } from '../file-view'
import { clientOf, continues } from '../links/link-client'
import { enter, refusals, tokenParams } from '../links/link-entrance'
import { defineRoute, type Route } from '../route'
import { timeSchema } from '../schemas'
import { linkDescriptionRoute } from './link-description'
import { archiveOptionsOf, readableArchive } from './archives'
import { plainBodyOf } from '../uploads/plain-body'

export interface LinkVisitRouteOptions {
  downloads: DownloadOptions
  bodyIdleTimeoutMs: number
}

const pathParams = tokenParams.extend({ path: fileParams.shape.path })

const downloadQuery = z.strictObject({
  download: z.enum(['', '1', 'true']).optional().meta({
    description: 'Has the file saved, also where a browser could show it.',
  }),
})

/** Files as a visitor sees them: what lies outside the link has no names here. */
const seenSchema = z.strictObject({
  path: z.string(),
  size: z.number().int(),
  contentType: z.string(),
  etag: z.string(),
  updatedAt: timeSchema,
})

/** Links as the public uses them. A password goes with each request (http/links/link-password.ts). */
export function linkVisitRoutes(visits: LinkVisits, options: LinkVisitRouteOptions): Route[] {
  return [
    linkDescriptionRoute(visits),
    readTarget(visits, options),
    archive(visits, options),
    list(visits),
    read(visits, options),
    upload(visits, options),
  ]
}

const downloadResponses = {
  200: { description: 'The content.', contentType: '*/*' },
  206: { description: 'The parts that Range asks for.', contentType: '*/*' },
  304: { description: 'What If-None-Match or If-Modified-Since names is still current.' },
} as const

function readTarget(visits: LinkVisits, { downloads }: LinkVisitRouteOptions): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/s/:token/content',
      summary: 'Read the file that a link is for',
      access: 'public',
      params: tokenParams,
      query: downloadQuery,
      responses: downloadResponses,
      errors: [...refusals, 'precondition_failed', 'range_not_satisfiable'],
    },
    async ({ params, query, req, res, timing }) => {
      const visit = await enter(visits, { ...params, req, res }, timing)
      const open = await visits.open(visit, null, timing)
      const asAttachment = query.download !== undefined
      await send({ visits, visit, open, asAttachment, downloads, req, res })
      return undefined
    },
  )
}

function read(visits: LinkVisits, { downloads }: LinkVisitRouteOptions): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/s/:token/files/*path',
      summary: 'Read a file below the folder that a link is for',
      access: 'public',
      params: pathParams,
      query: downloadQuery,
      responses: downloadResponses,
      errors: [...refusals, 'precondition_failed', 'range_not_satisfiable'],
    },
    async ({ params, query, req, res, timing }) => {
      const visit = await enter(visits, { ...params, req, res }, timing)
      const open = await visits.open(visit, params.path, timing)
      const asAttachment = query.download !== undefined
      await send({ visits, visit, open, asAttachment, downloads, req, res })
      return undefined
    },
  )
}

function archive(visits: LinkVisits, { downloads }: LinkVisitRouteOptions): Route {
  const { asAttachment, ...options } = archiveOptionsOf(downloads)
  return defineRoute(
    {
      method: 'get',
      path: '/s/:token/archive',
      summary: 'Read the folder that a link is for, with all below it, as one zip',
      access: 'public',
      params: tokenParams,
      responses: readableArchive.responses,
      errors: [...refusals, 'too_large', 'precondition_failed', 'range_not_satisfiable'],
    },
    async ({ params: { token }, req, res, timing }) => {
      const visit = await enter(visits, { token, req, res }, timing)
      const open = await visits.openArchive(visit, timing)
      await send({ visits, visit, open, req, res, downloads: options, asAttachment })
      return undefined
    },
  )
}

function list(visits: LinkVisits): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/s/:token/files',
      summary: 'List what lies below the folder that a link is for',
      access: 'public',
      params: tokenParams,
      query: z.strictObject({
        prefix: z.string().max(1024).default(''),
        delimiter: z.literal('/').optional().meta({
          description: 'Shows what lies below a further "/" as one folder.',
        }),
        cursor: z.string().max(4096).optional(),
        limit: z.coerce.number().int().default(100),
      }),
      responses: {
        200: {
          description: 'A page, in order of path.',
          schema: z.strictObject({
            files: z.array(seenSchema),
            folders: z.array(z.string()).meta({ description: 'Each ends in "/".' }),
            cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
          }),
        },
      },
      errors: refusals,
    },
    async ({ params: { token }, query, req, res, timing }) => {
      const visit = await enter(visits, { token, req, res }, timing)
      const { delimiter, cursor = null, ...rest } = query
      const asked = { ...rest, cursor, byFolder: delimiter !== undefined }
      const { files, folders, cursor: next } = await visits.list(visit, asked, timing)
      const views = files.map((file) => ({
        path: file.path,
        size: file.sizeBytes,
        contentType: file.contentType,
        etag: file.etag,
        updatedAt: new Date(file.updatedAtMs).toISOString(),
      }))
      return { status: 200, body: { files: views, folders, cursor: next } }
    },
  )
}

function upload(visits: LinkVisits, { bodyIdleTimeoutMs }: LinkVisitRouteOptions): Route {
  return defineRoute(
    {
      method: 'put',
      path: '/s/:token/files/*path',
      summary: 'Put a new file into the folder that an upload link is for',
      access: 'public',
      params: pathParams,
      rawBody: 'The content. Nothing is replaced: where the name is taken, the file gets a number.',
      responses: {
        201: {
          description: 'Stored, under this path.',
          schema: z.strictObject({
            path: z.string(),
            size: z.number().int(),
            sha256: z.string().nullable(),
          }),
        },
      },
      errors: [
        ...refusals,
        'forbidden',
        'too_large',
        'unsupported',
        'quota_exceeded',
        'storage_full',
      ],
    },
    async ({ params: { token, path }, req, res, timing }) => {
      const visit = await enter(visits, { token, req, res }, timing)
      const { digests: _, ...body } = plainBodyOf(req, res, bodyIdleTimeoutMs)
      const { file, path: stored } = await visits.upload(visit, { ...body, path }, timing)
      const { sizeBytes: size, sha256 } = file
      return { status: 201, body: { path: stored, size, sha256 } }
    },
  )
}

interface Sent {
  visits: LinkVisits
  visit: Visit
  open: OpenContent
  asAttachment: boolean
  downloads: DownloadOptions
  req: Request
  res: Response
}

/** What the conditions leave to be sent is a use of the link. */
function send({ visits, visit, req, res, downloads, ...download }: Sent): Promise<void> {
  const { etag } = download.open.file
  const use = { client: clientOf(req, downloads), etag, continues: continues(req) }
  const beforeContent = () => visits.charge(visit, use)
  return sendFile(req, res, { ...downloads, ...download, beforeContent })
}
