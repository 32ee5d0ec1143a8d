import { z } from 'zod'
import { extentsOf } from '../../domain/content'
import { infoEtagOf, type FileInfo } from '../../domain/file-info'
import type { FolderInfo, InfoService, StorageInfo } from '../../services/info-service'
import { writeConditionOf } from '../conditional'
import { fileParams, fileSchema, fileView } from '../file-view'
import { defineRoute, type Answer, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'

const path = '/v1/info/files/:owner/*path'
const ownerParams = z.strictObject({ owner: nameSchema })

const rightSchema = z.enum(['view', 'edit', 'manage']).meta({ description: 'What you may do.' })

const fileInfoSchema = fileSchema.extend({
  kind: z.literal('file'),
  id: z.string().meta({ description: 'Stays through replacing, moving and a time in the trash.' }),
  metaVersion: z.number().int(),
  extents: z.number().int().meta({ description: 'Pieces that the content lies in.' }),
  earlierVersions: z.number().int(),
  right: rightSchema,
})

const folderInfoSchema = z.strictObject({
  kind: z.literal('folder'),
  owner: z.string(),
  folder: z.string().meta({ description: 'Ends in "/"; empty for everything of the owner\'s.' }),
  files: z.number().int().meta({ description: 'At any depth.' }),
  size: z.number().int().meta({ description: 'Bytes.' }),
  newestAt: timeSchema.nullable(),
  truncated: z.boolean().meta({ description: 'Whether there is more than was counted.' }),
  right: rightSchema,
})

const bytes = z.number().int()
const storageSchema = z.strictObject({
  kind: z.literal('storage'),
  owner: z.string(),
  usedBytes: bytes,
  versionBytes: bytes,
  trashBytes: bytes,
  reservedBytes: bytes.meta({ description: 'By uploads that are not complete.' }),
  limitBytes: bytes,
  freeBytes: bytes,
  files: z.number().int(),
  truncated: z.boolean().meta({ description: 'Whether there are more files than were counted.' }),
})

const changeSchema = z.strictObject({
  contentType: z.string().max(255).optional(),
  metadata: z
    .record(z.string(), z.string().nullable())
    .default({})
    .meta({ description: 'Merged into what there is (RFC 7396): null removes an entry.' }),
})

export function infoRoutes(info: InfoService): Route[] {
  return [ofPath(info), ofOwner(info), describe(info), ofStorage(info)]
}

function ofPath(info: InfoService): Route {
  return defineRoute(
    {
      method: 'get',
      path,
      summary: 'What is known of a file, or of a folder and all below it',
      access: 'session',
      params: fileParams,
      responses: {
        200: {
          description: 'With an ETag, of a file.',
          schema: z.union([fileInfoSchema, folderInfoSchema]),
        },
      },
      errors: ['not_found'],
    },
    async ({ caller, params, timing }) => answerOf(await info.ofPath(caller, params, timing)),
  )
}

function ofOwner(info: InfoService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/info/files/:owner',
      summary: "What is known of all of an owner's files together",
      access: 'session',
      params: ownerParams,
      responses: { 200: { description: 'As of a folder.', schema: folderInfoSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params: { owner }, timing }) =>
      answerOf(await info.ofPath(caller, { owner, path: '' }, timing)),
  )
}

function describe(info: InfoService): Route {
  return defineRoute(
    {
      method: 'patch',
      path,
      summary: 'Change the content type and the metadata of a file',
      access: 'session',
      params: fileParams,
      body: changeSchema,
      responses: { 200: { description: 'As it is now.', schema: fileSchema } },
      errors: ['not_found', 'forbidden', 'precondition_failed', 'too_large'],
    },
    async ({ caller, params, body, timing, req }) => {
      const { contentType = null, metadata } = body
      const condition = writeConditionOf(req.headers)
      const change = { key: params, contentType, metadata, condition }
      const file = await info.describe(caller, change, timing)
      return { status: 200, headers: { ETag: infoEtagOf(file) }, body: fileView(file) }
    },
  )
}

function ofStorage(info: InfoService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/info/storage/:owner',
      summary: 'How much an account has stored and may store',
      access: 'session',
      params: ownerParams,
      responses: { 200: { description: 'To the owner and to admins.', schema: storageSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params: { owner }, timing }) => ({
      status: 200,
      body: storageView(await info.ofStorage(caller, owner, timing)),
    }),
  )
}

function answerOf(info: FileInfo | FolderInfo): Answer {
  if ('folder' in info) return { status: 200, body: folderView(info) }
  const { file, earlierVersions, right } = info
  const { id, metaVersion } = file
  const extents = extentsOf(file).length
  const body = { kind: 'file', id, ...fileView(file), metaVersion, extents, earlierVersions, right }
  return { status: 200, headers: { ETag: infoEtagOf(file) }, body }
}

function folderView({ owner, folder, files, right, ...info }: FolderInfo) {
  return {
    ...{ kind: 'folder', owner, folder, files, size: info.sizeBytes },
    newestAt: info.newestMs === null ? null : new Date(info.newestMs).toISOString(),
    ...{ truncated: info.isTruncated, right },
  }
}

function storageView({ account, freeBytes, files, isTruncated }: StorageInfo) {
  const { name: owner, usedBytes, versionBytes, trashBytes, reservedBytes, quotaBytes } = account
  return {
    ...{ kind: 'storage', owner, usedBytes, versionBytes, trashBytes, reservedBytes },
    ...{ limitBytes: quotaBytes, freeBytes, files, truncated: isTruncated },
  }
}
