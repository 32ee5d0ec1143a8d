import { z } from 'zod'
import { groupRoles, type Group, type GroupMember, type Membership } from '../../domain/group'
import type { GroupService } from '../../services/group-service'
import { defineRoute, type Route } from '../route'
import { nameSchema, timeSchema } from '../schemas'

const membershipSchema = z.strictObject({
  name: z.string(),
  role: z.enum(groupRoles).meta({ description: 'The role of who asks.' }),
  members: z.number().int(),
  createdAt: timeSchema,
})

const memberSchema = z.strictObject({
  account: z.string(),
  role: z.enum(groupRoles),
  since: timeSchema,
})

const groupSchema = z.strictObject({
  name: z.string(),
  createdAt: timeSchema,
  members: z.array(memberSchema),
})

const path = '/v1/groups/:group'
const paramsSchema = z.strictObject({ group: nameSchema })
const memberPath = `${path}/members/:account` as const
const memberParamsSchema = paramsSchema.extend({ account: nameSchema })

/** Groups of accounts, to share with. */
export function groupRoutes(groups: GroupService): Route[] {
  return [
    create(groups),
    list(groups),
    show(groups),
    remove(groups),
    setMember(groups),
    removeMember(groups),
  ]
}

function create(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/groups',
      summary: 'Make a group, whose manager one is',
      access: 'session',
      body: z.strictObject({ name: nameSchema }),
      responses: { 201: { description: 'The group.', schema: membershipSchema } },
      errors: ['conflict'],
    },
    async ({ caller, body }) => ({
      status: 201,
      body: membershipView(await groups.create(caller, body.name)),
    }),
  )
}

function list(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/groups',
      summary: 'List the groups that one is in, by name',
      access: 'session',
      responses: {
        200: {
          description: 'All of them.',
          schema: z.strictObject({ groups: z.array(membershipSchema) }),
        },
      },
    },
    async ({ caller }) => {
      const memberships = await groups.list(caller)
      return { status: 200, body: { groups: memberships.map(membershipView) } }
    },
  )
}

function show(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'get',
      path,
      summary: 'See a group that one is in',
      access: 'session',
      params: paramsSchema,
      responses: { 200: { description: 'The group.', schema: groupSchema } },
      errors: ['not_found'],
    },
    async ({ caller, params }) => {
      const { members, ...group } = await groups.get(caller, params.group)
      return { status: 200, body: { ...groupView(group), members: members.map(memberView) } }
    },
  )
}

function remove(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'delete',
      path,
      summary: 'Delete a group that one manages, with all that was granted to it',
      access: 'session',
      params: paramsSchema,
      responses: { 204: { description: 'Deleted.' } },
      errors: ['not_found', 'forbidden'],
    },
    async ({ caller, params }) => {
      await groups.delete(caller, params.group)
      return { status: 204 }
    },
  )
}

function setMember(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'put',
      path: memberPath,
      summary: 'Take an account into a group that one manages, or change its role',
      access: 'session',
      params: memberParamsSchema,
      body: z.strictObject({ role: z.enum(groupRoles).default('member') }),
      responses: {
        201: { description: 'Taken in.', schema: memberSchema },
        200: { description: 'It was a member already.', schema: memberSchema },
      },
      errors: ['not_found', 'forbidden', 'conflict'],
    },
    async ({ caller, params, body }) => {
      const { group: name, account } = params
      const { member, added } = await groups.setMember(caller, { name, account, role: body.role })
      return { status: added ? 201 : 200, body: memberView(member) }
    },
  )
}

function removeMember(groups: GroupService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: memberPath,
      summary: 'Take an account out of a group that one manages, or leave a group',
      access: 'session',
      params: memberParamsSchema,
      responses: { 204: { description: 'It is no member any more.' } },
      errors: ['not_found', 'forbidden', 'conflict'],
    },
    async ({ caller, params }) => {
      await groups.removeMember(caller, { name: params.group, account: params.account })
      return { status: 204 }
    },
  )
}

function groupView({ name, createdAtMs }: Group) {
  return { name, createdAt: new Date(createdAtMs).toISOString() }
}

function membershipView(membership: Membership): z.infer<typeof membershipSchema> {
  const { role, members } = membership
  return { ...groupView(membership), role, members }
}

function memberView({ account, role, sinceMs }: GroupMember): z.infer<typeof memberSchema> {
  return { account, role, since: new Date(sinceMs).toISOString() }
}
