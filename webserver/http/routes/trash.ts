import { z } from 'zod'
import type { TrashedFile } from '../../domain/trash'
import type { TrashService } from '../../services/trash-service'
import { fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'

const idSchema = z.string().max(128)

const trashedSchema = fileSchema.extend({
  id: z.string().meta({ description: 'Names it in the trash.' }),
  deletedAt: timeSchema,
})

const pageSchema = z.strictObject({
  files: z.array(trashedSchema),
  cursor: z.string().nullable().meta({ description: 'Asks for the next page; null on the last.' }),
})

const emptiedSchema = z.strictObject({
  deleted: z.number().int().meta({ description: 'Files that are gone.' }),
  isEmpty: z.boolean().meta({ description: 'False when there were too many for once: repeat.' }),
})

const ownerSchema = nameSchema
  .optional()
  .meta({ description: "Whose; the caller's own unless said." })

export function trashRoutes(trash: TrashService): Route[] {
  return [list(trash), restore(trash), remove(trash), empty(trash)]
}

function list(trash: TrashService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/trash',
      summary: 'List deleted files that can be brought back, last deleted first',
      access: 'session',
      query: z.strictObject({
        owner: ownerSchema,
        cursor: z.string().max(512).optional(),
        limit: z.coerce.number().int().default(100),
      }),
      responses: { 200: { description: 'A page of files.', schema: pageSchema } },
      errors: ['not_found'],
    },
    async ({ caller, query, timing }) => {
      const { owner = null, cursor = null, limit } = query
      const page = await trash.list(caller, { owner, cursor, limit }, timing)
      return { status: 200, body: { files: page.files.map(trashedView), cursor: page.cursor } }
    },
  )
}

function restore(trash: TrashService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/trash/:id/restore',
      summary: 'Bring a deleted file back, with its versions and what was shared of it',
      access: 'session',
      params: z.strictObject({ id: idSchema }),
      body: z.strictObject({
        path: z.string().max(4096).optional().meta({ description: 'Where it was unless said.' }),
        overwrite: z.boolean().default(false).meta({
          description: 'Whether a file that is there by now is deleted for it.',
        }),
      }),
      responses: { 200: { description: 'The file.', schema: fileSchema } },
      errors: ['not_found', 'conflict'],
    },
    async ({ caller, params, body, timing }) => {
      const { path = null, overwrite } = body
      const file = await trash.restore(caller, { ...params, path, overwrite }, timing)
      return { status: 200, headers: { ETag: file.etag }, body: fileView(file) }
    },
  )
}

function remove(trash: TrashService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/trash/:id',
      summary: 'Let a deleted file go for good, and its versions',
      access: 'session',
      params: z.strictObject({ id: idSchema }),
      responses: { 204: { description: 'Gone.' } },
      errors: ['not_found'],
    },
    async ({ caller, params, timing }) => {
      await trash.delete(caller, params.id, timing)
      return { status: 204 }
    },
  )
}

function empty(trash: TrashService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/trash',
      summary: 'Let everything in the trash go for good',
      access: 'session',
      query: z.strictObject({ owner: ownerSchema }),
      responses: { 200: { description: 'What went.', schema: emptiedSchema } },
      errors: ['not_found'],
    },
    async ({ caller, query, timing }) => {
      return { status: 200, body: await trash.empty(caller, query.owner ?? null, timing) }
    },
  )
}

function trashedView(file: TrashedFile): z.output<typeof trashedSchema> {
  const deletedAt = new Date(file.deletedAtMs).toISOString()
  return { ...fileView(file), id: file.id, deletedAt }
}
