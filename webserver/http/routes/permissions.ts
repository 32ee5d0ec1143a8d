import { z } from 'zod'
import type { Caller } from '../../domain/account'
import type { Place } from '../../domain/file'
import type { Grant, LinkSummary, Permissions } from '../../domain/grant'
import { grantableRights } from '../../domain/rights'
import type { SharingService } from '../../services/sharing-service'
import { fileParams } from '../file-view'
import { defineRoute, type Answer, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'
import { grantSchema, grantView, isInherited } from './grants'

const linkSchema = z.strictObject({
  id: z.string(),
  mode: z.enum(['view', 'upload']),
  label: z.string(),
  inherited: z.boolean(),
  expiresAt: timeSchema.nullable(),
  by: z.string().nullable(),
  createdAt: timeSchema,
})

const holderSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('owner'), account: z.string(), right: z.literal('manage') }),
  z.strictObject({ kind: z.literal('admins'), right: z.literal('manage') }),
  grantSchema.extend({
    kind: z.literal('grant'),
    members: z.number().int().nullable().meta({ description: 'Accounts in the group.' }),
    inherited: z.boolean(),
  }),
  linkSchema.extend({ kind: z.literal('link') }),
])

const permissionsSchema = z.strictObject({
  kind: z.literal('permissions'),
  of: z.enum(['file', 'folder']),
  owner: z.string(),
  path: z.string(),
  you: z.strictObject({
    right: z.enum(grantableRights),
    because: z.array(holderSchema).meta({ description: 'All that gives the caller a right here.' }),
  }),
  who: z.array(holderSchema).nullable().meta({
    description: 'All who may do something here; null to who may not manage.',
  }),
})

const summary = 'See who may do what with a file or below a folder, and why'
const responses = { 200: { description: 'The permissions.', schema: permissionsSchema } }

export function permissionRoutes(sharing: SharingService): Route[] {
  return [ofPath(sharing), ofEverything(sharing)]
}

function ofPath(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/info/permissions/:owner/*path',
      summary,
      access: 'session',
      params: fileParams,
      responses,
      errors: ['not_found'],
    },
    async ({ caller, params }) => answer(caller, await sharing.explainPath(caller, params)),
  )
}

function ofEverything(sharing: SharingService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/info/permissions/:owner',
      summary: 'See who may do what with everything of an owner, and why',
      access: 'session',
      params: z.strictObject({ owner: nameSchema }),
      responses,
      errors: ['not_found'],
    },
    async ({ caller, params }) => {
      const place = { owner: params.owner, folder: '' }
      const permissions = await sharing.explain(caller, place)
      return answer(caller, { place, permissions })
    },
  )
}

function answer(
  caller: Caller,
  { place, permissions }: { place: Place; permissions: Permissions },
): Answer {
  const { owner } = place
  const body = {
    kind: 'permissions',
    ...('path' in place
      ? { of: 'file', owner, path: place.path }
      : { of: 'folder', owner, path: place.folder }),
    you: { right: permissions.right, because: reasonsOf(caller, place, permissions) },
    who: holdersOf(place, permissions),
  }
  return { status: 200, body }
}

type Holder = z.input<typeof holderSchema>

function ownerOf({ owner }: Place): Holder {
  return { kind: 'owner', account: owner, right: 'manage' }
}

const admins: Holder = { kind: 'admins', right: 'manage' }

function reasonsOf({ role }: Caller, place: Place, { isOwner, own }: Permissions): Holder[] {
  return [
    ...(isOwner ? [ownerOf(place)] : []),
    ...(role === 'admin' ? [admins] : []),
    ...own.map((grant) => grantHolder(grant, place)),
  ]
}

function holdersOf(place: Place, { all }: Permissions): Holder[] | null {
  if (all === null) return null
  const granted = all.grants.map((grant) => grantHolder(grant, place))
  const linked = all.links.map((link) => linkHolder(link, place))
  return [ownerOf(place), admins, ...granted, ...linked]
}

function grantHolder(grant: Grant, place: Place): Holder {
  const { members } = grant
  return { ...grantView(grant), kind: 'grant', members, inherited: isInherited(grant, place) }
}

function linkHolder(link: LinkSummary, place: Place): Holder {
  const { id, mode, label, expiresAtMs, createdBy, createdAtMs } = link
  return {
    kind: 'link',
    id,
    mode,
    label,
    inherited: isInherited(link, place),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    by: createdBy,
    createdAt: new Date(createdAtMs).toISOString(),
  }
}
