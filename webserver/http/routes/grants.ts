import { z } from 'zod'
import { AppError } from '../../domain/errors'
import type { Place } from '../../domain/file'
import type { Grant, Grantee } from '../../domain/grant'
import { grantableRights } from '../../domain/rights'
import type { GrantPage, SharingService } from '../../services/sharing-service'
import { defineRoute, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'

const placeFields = {
  owner: nameSchema,
  path: z.string().max(1024).optional().meta({ description: 'Of a file; or else `folder`.' }),
  folder: z
    .string()
    .max(1024)
    .optional()
    .meta({ description: 'All that lies and will lie below it; "" is everything of the owner.' }),
}

const granteeSchema = z.union([
  z.strictObject({ account: nameSchema }),
  z.strictObject({ group: nameSchema }),
])

const expirySchema = z.iso
  .datetime({ offset: true })
  .nullable()
  .meta({ description: 'It counts until just before; null for ever.' })

export const grantSchema = z.strictObject({
  id: z.string(),
  owner: z.string(),
  kind: z.enum(['file', 'folder']),
  path: z.string().meta({ description: 'Where the file is now, or the folder.' }),
  to: granteeSchema,
  right: z.enum(grantableRights),
  expiresAt: timeSchema.nullable(),
  by: z.string().nullable().meta({ description: 'Null when that account is gone.' }),
  createdAt: timeSchema,
})

const appliedSchema = grantSchema.extend({
  inherited: z.boolean().meta({ description: 'From a folder above what was asked about.' }),
})

const pageQuery = {
  cursor: z.string().max(4096).optional(),
  limit: z.coerce.number().int().default(100),
}
const cursorSchema = z
  .string()
  .nullable()
  .meta({ description: 'Asks for the next page; null on the last.' })

const path = '/v1/grants/:grant'
const paramsSchema = z.strictObject({ grant: z.string().max(64) })

/** Rights that people give to accounts and groups. */
export function grantRoutes(sharing: SharingService): Route[] {
  return [create(sharing), list(sharing), change(sharing), remove(sharing), listShared(sharing)]
}

function create(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/grants',
      summary: 'Share a file or a folder with an account or a group, or change how it is shared',
      access: 'session',
      body: z.strictObject({
        ...placeFields,
        to: granteeSchema,
        right: z.enum(grantableRights),
        expiresAt: expirySchema.default(null),
      }),
      responses: {
        201: { description: 'Granted.', schema: grantSchema },
        200: { description: 'The grant that there was, as it is now.', schema: grantSchema },
      },
      errors: ['not_found', 'forbidden', 'conflict'],
    },
    async ({ caller, body }) => {
      const { to, right, expiresAt } = body
      const wanted = { place: placeOf(body), to, right, expiresAtMs: timeOf(expiresAt) }
      const { grant, created } = await sharing.grant(caller, wanted)
      return { status: created ? 201 : 200, body: grantView(grant) }
    },
  )
}

function list(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/grants',
      summary: 'List what was granted at a place and, by folders above it, applies there as well',
      access: 'session',
      query: z.strictObject({ ...placeFields, ...pageQuery }),
      responses: {
        200: {
          description: 'A page of grants, oldest first.',
          schema: z.strictObject({ grants: z.array(appliedSchema), cursor: cursorSchema }),
        },
      },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, query }) => {
      const place = placeOf(query)
      const { cursor = null, limit } = query
      const page = await sharing.list(caller, place, { cursor, limit })
      const grants = page.grants.map((grant) => appliedView(grant, place))
      return { status: 200, body: { grants, cursor: page.cursor } }
    },
  )
}

function change(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'patch',
      path,
      summary: 'Change the right or the end of a grant',
      access: 'session',
      params: paramsSchema,
      body: z.strictObject({
        right: z.enum(grantableRights).optional(),
        expiresAt: expirySchema.optional(),
      }),
      responses: { 200: { description: 'The grant.', schema: grantSchema } },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, params, body }) => {
      const { right, expiresAt } = body
      const expiresAtMs = expiresAt === undefined ? undefined : timeOf(expiresAt)
      const grant = await sharing.change(caller, params.grant, { right, expiresAtMs })
      return { status: 200, body: grantView(grant) }
    },
  )
}

function remove(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'delete',
      path,
      summary: 'Take a grant back, or give up what was granted to oneself',
      access: 'session',
      params: paramsSchema,
      responses: { 204: { description: 'It counts no more, from the next request on.' } },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, params }) => {
      await sharing.revoke(caller, params.grant)
      return { status: 204 }
    },
  )
}

function listShared(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/shared',
      summary: 'List what others share with one, by owner and path',
      access: 'session',
      query: z.strictObject(pageQuery),
      responses: {
        200: {
          description: 'A page of grants to oneself and to groups that one is in.',
          schema: z.strictObject({ shared: z.array(grantSchema), cursor: cursorSchema }),
        },
      },
    },
    async ({ caller, query }) => {
      const { cursor = null, limit } = query
      const page: GrantPage = await sharing.listShared(caller, { cursor, limit })
      return { status: 200, body: { shared: page.grants.map(grantView), cursor: page.cursor } }
    },
  )
}

function placeOf(input: {
  owner: string
  path?: string | undefined
  folder?: string | undefined
}): Place {
  const { owner, path: file, folder } = input
  if (file !== undefined && folder === undefined) return { owner, path: file }
  if (folder !== undefined && file === undefined) return { owner, folder }
  throw new AppError('invalid', 'path: name either a path or a folder', { field: 'path' })
}

function timeOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text)
}

export function grantView(grant: Grant): z.infer<typeof grantSchema> {
  const { id, place, right, expiresAtMs, createdBy, createdAtMs } = grant
  return {
    id,
    owner: place.owner,
    ...('path' in place
      ? { kind: 'file', path: place.path }
      : { kind: 'folder', path: place.folder }),
    to: granteeView(grant.to),
    right,
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    by: createdBy,
    createdAt: new Date(createdAtMs).toISOString(),
  }
}

function granteeView(to: Grantee): Grantee {
  return 'account' in to ? { account: to.account } : { group: to.group }
}

function appliedView(grant: Grant, asked: Place): z.infer<typeof appliedSchema> {
  return { ...grantView(grant), inherited: isInherited(grant, asked) }
}

/** Whether it is not for the very place. */
export function isInherited({ place }: { place: Place }, asked: Place): boolean {
  if ('path' in place) return false
  return 'path' in asked || asked.folder !== place.folder
}
