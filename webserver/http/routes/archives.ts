import { z } from 'zod'
import type { ArchiveService } from '../../services/archives/archive-service'
import { sendFile, type DownloadOptions } from '../downloads/send-file'
import { fileParams } from '../file-view'
import { defineRoute, type ResponseStatement, type Route } from '../route'
import { nameSchema } from '../schemas'

const selectionSchema = z.strictObject({
  owner: nameSchema,
  paths: z.array(z.string().max(1025)).min(1).max(1000).meta({
    description: 'Files, and folders with all below them; one that ends with "/" is a folder.',
  }),
})

const archive: ResponseStatement = {
  description: 'A zip of known length, whose files are stored as they are.',
  contentType: 'application/zip',
}

/** Of routes that answer with a zip. */
export const readableArchive = {
  responses: {
    200: archive,
    206: { description: 'The part that Range asks for.', contentType: 'application/zip' },
    304: { description: 'What If-None-Match names is still current.' },
  },
  errors: ['not_found', 'too_large', 'precondition_failed', 'range_not_satisfiable'],
} as const

export function archiveRoutes(archives: ArchiveService, downloads: DownloadOptions): Route[] {
  const options = archiveOptionsOf(downloads)
  return [all(archives, options), folder(archives, options), selection(archives, options)]
}

type Options = DownloadOptions & { asAttachment: boolean }

/** Each range costs as much as the whole before it: the CRC-32 of every file is made while it is read. */
export function archiveOptionsOf(downloads: DownloadOptions): Options {
  return { asAttachment: true, ...downloads, rangesMax: 1 }
}

function all(archives: ArchiveService, options: Options): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/archives/:owner.zip',
      summary: 'Read all files of an owner as one zip',
      access: 'session',
      params: z.strictObject({ owner: nameSchema }),
      ...readableArchive,
    },
    async ({ caller, params: { owner }, timing, req, res }) => {
      const open = await archives.openFolder(caller, { owner, folder: '' }, timing)
      await sendFile(req, res, { open, ...options })
      return undefined
    },
  )
}

function folder(archives: ArchiveService, options: Options): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/archives/:owner/*path.zip',
      summary: 'Read a folder with all below it as one zip',
      access: 'session',
      params: fileParams,
      ...readableArchive,
    },
    async ({ caller, params: { owner, path }, timing, req, res }) => {
      const open = await archives.openFolder(caller, { owner, folder: path }, timing)
      await sendFile(req, res, { open, ...options })
      return undefined
    },
  )
}

function selection(archives: ArchiveService, options: Options): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/archives',
      summary: 'Read files and folders of one owner as one zip',
      access: 'session',
      body: selectionSchema,
      responses: { 200: archive },
      errors: ['not_found', 'too_large'],
    },
    async ({ caller, body, timing, req, res }) => {
      const open = await archives.openSelection(caller, body, timing)
      await sendFile(req, res, { open, ...options })
      return undefined
    },
  )
}
