import { z } from 'zod'
import { AppError } from '../../domain/errors'
import type { Place } from '../../domain/file'
import { linkModes, type Link } from '../../domain/link'
import type { LinkService } from '../../services/links/link-service'
import { defineRoute, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'

const pathSchema = z.string().max(1024)
const idParams = z.strictObject({ linkId: z.string().max(64) })
const count = z.number().int().min(1).nullable()

const terms = {
  label: z.string().max(10_000).meta({ description: 'A note; visitors never see it.' }),
  expiresAt: z.iso.datetime({ offset: true }).nullable(),
  usesMax: count.meta({ description: 'Downloads or uploads, all together; null for any number.' }),
  bytesMax: count.meta({ description: 'Bytes of one upload; null leaves it to the service.' }),
  password: z.string().min(4).max(1024).nullable(),
}

const newLinkSchema = z.strictObject({
  owner: nameSchema,
  path: pathSchema.optional().meta({ description: 'Of a file.' }),
  folder: pathSchema.optional().meta({
    description: 'Instead of a path: all below it; empty for all that the owner has.',
  }),
  mode: z.enum(linkModes),
  label: terms.label.default(''),
  expiresAt: terms.expiresAt.default(null),
  usesMax: terms.usesMax.default(null),
  bytesMax: terms.bytesMax.default(null),
  password: terms.password.default(null),
})

const changeSchema = z
  .strictObject({
    ...terms,
    unlock: z
      .boolean()
      .meta({ description: 'Forgets wrong passwords, and the lock they brought.' }),
  })
  .partial()

const linkSchema = z.strictObject({
  id: z.string(),
  owner: z.string(),
  path: z.string().nullable().meta({
    description: 'Where the file is now; null while it is in the trash, and of a folder.',
  }),
  folder: z.string().nullable(),
  mode: z.enum(linkModes),
  label: z.string(),
  hasPassword: z.boolean(),
  lockedUntil: timeSchema.nullable().meta({
    description: 'No password is taken until then, after too many wrong ones.',
  }),
  uses: z.number().int().meta({ description: 'Counted while there is a usesMax.' }),
  usesMax: z.number().int().nullable(),
  bytesMax: z.number().int().nullable(),
  expiresAt: timeSchema.nullable(),
  createdBy: z.string(),
  createdAt: timeSchema,
})

const createdSchema = linkSchema.extend({
  token: z.string().meta({ description: 'Shown this once.' }),
  url: z.string().meta({ description: 'Path of the link: what is sent to people.' }),
})

/** Links as those manage them who share; visitors come by http/routes/link-visits.ts. */
export function linkRoutes(links: LinkService, now: () => number): Route[] {
  const view = (link: Link) => viewOf(link, now())
  return [
    create(links, view),
    list(links, view),
    get(links, view),
    change(links, view),
    remove(links),
  ]
}

type View = (link: Link) => z.infer<typeof linkSchema>

function create(links: LinkService, view: View): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/links',
      summary:
        'Make a link that lets whoever has it view a file or folder, or upload into a folder',
      access: 'session',
      body: newLinkSchema,
      responses: { 201: { description: 'The link and its token.', schema: createdSchema } },
      errors: ['not_found', 'forbidden', 'conflict'],
    },
    async ({ caller, body }) => {
      const { owner, path, folder, expiresAt, ...terms } = body
      const { token, link } = await links.create(caller, {
        ...terms,
        target: targetOf({ owner, path, folder }),
        expiresAtMs: timeOf(expiresAt) ?? null,
      })
      const headers = { Location: `/v1/links/${link.id}` }
      return { status: 201, headers, body: { token, url: `/s/${token}`, ...view(link) } }
    },
  )
}

function list(links: LinkService, view: View): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/links',
      summary: 'The links that the caller made, or may manage at a place, newest first',
      access: 'session',
      query: z.strictObject({
        owner: nameSchema.optional(),
        path: pathSchema.optional(),
        folder: pathSchema.optional(),
      }),
      responses: {
        200: {
          description: 'Without their tokens, which nobody knows any more.',
          schema: z.strictObject({ links: z.array(linkSchema) }),
        },
      },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, query }) => {
      const { owner = null, path = null, folder = null } = query
      if (owner === null && (path !== null || folder !== null)) throw needs('owner')
      const found = await links.list(caller, { owner, path, folder })
      return { status: 200, body: { links: found.map(view) } }
    },
  )
}

function get(links: LinkService, view: View): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/links/:linkId',
      summary: 'A link that the caller may manage',
      access: 'session',
      params: idParams,
      responses: { 200: { description: 'The link, without its token.', schema: linkSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params }) => ({
      status: 200,
      body: view(await links.get(caller, params.linkId)),
    }),
  )
}

function change(links: LinkService, view: View): Route {
  return defineRoute(
    {
      method: 'patch',
      path: '/v1/links/:linkId',
      summary: 'Change the terms of a link, also of one that has expired',
      access: 'session',
      params: idParams,
      body: changeSchema,
      responses: { 200: { description: 'As it is from now on.', schema: linkSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params, body }) => {
      const { expiresAt, ...rest } = body
      const request = { ...rest, expiresAtMs: timeOf(expiresAt) }
      return { status: 200, body: view(await links.change(caller, params.linkId, request)) }
    },
  )
}

function remove(links: LinkService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/links/:linkId',
      summary: 'Revoke a link: it does not work from the next request on',
      access: 'session',
      params: idParams,
      responses: { 204: { description: 'Revoked.' } },
      errors: ['not_found'],
    },
    async ({ caller, params }) => {
      await links.delete(caller, params.linkId)
      return { status: 204 }
    },
  )
}

function targetOf(place: {
  owner: string
  path: string | undefined
  folder: string | undefined
}): Place {
  const { owner, path, folder } = place
  if (path !== undefined && folder === undefined) return { owner, path }
  if (folder !== undefined && path === undefined) return { owner, folder }
  throw needs('path')
}

function needs(field: 'owner' | 'path'): AppError {
  const message = field === 'owner' ? 'Name the owner too' : 'Name either a path or a folder'
  return new AppError('invalid', message, { field })
}

function timeOf(text: string | null | undefined): number | null | undefined {
  return typeof text === 'string' ? Date.parse(text) : text
}

function viewOf(link: Link, nowMs: number): z.infer<typeof linkSchema> {
  const { id, owner, path, folder, mode, label, uses, usesMax, bytesMax, createdBy } = link
  const { lockedUntilMs } = link
  return {
    ...{ id, owner, path, folder, mode, label, uses, usesMax, bytesMax, createdBy },
    hasPassword: link.passwordHash !== null,
    lockedUntil: lockedUntilMs > nowMs ? isoOf(lockedUntilMs) : null,
    expiresAt: link.expiresAtMs === null ? null : isoOf(link.expiresAtMs),
    createdAt: isoOf(link.createdAtMs),
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}
