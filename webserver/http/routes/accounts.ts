import { z } from 'zod'
import { roles, type Account } from '../../domain/account'
import type { AccountService } from '../../services/account-service'
import { defineRoute, type Route } from '../route'
import { nameSchema, passwordSchema, timeSchema } from '../schemas'

const accountSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  quotaBytes: z.number().int(),
  usedBytes: z.number().int(),
  createdAt: timeSchema,
})

export function accountRoutes(accounts: AccountService): Route[] {
  return [register(accounts), show(accounts), changePassword(accounts), remove(accounts)]
}

function register(accounts: AccountService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/accounts',
      summary:
        'Make an account: with the first-account token, as an admin, or where registration is open',
      access: 'optional',
      body: z.strictObject({
        name: nameSchema,
        password: passwordSchema,
        token: z.string().max(256).optional().meta({ description: 'The first-account token.' }),
      }),
      responses: { 201: { description: 'The account.', schema: accountSchema } },
      errors: ['forbidden', 'conflict'],
    },
    async ({ caller, body, timing }) => {
      const { name, password, token } = body
      const input = { name, password, firstAccountToken: token }
      return { status: 201, body: accountView(await accounts.register(caller, input, timing)) }
    },
  )
}

function show(accounts: AccountService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/account',
      summary: 'Who am I',
      access: 'session',
      responses: { 200: { description: 'The account.', schema: accountSchema } },
    },
    async ({ caller }) => ({ status: 200, body: accountView(await accounts.get(caller)) }),
  )
}

function changePassword(accounts: AccountService): Route {
  return defineRoute(
    {
      method: 'put',
      path: '/v1/account/password',
      summary: 'Change the password and end the other sessions',
      access: 'session',
      body: z.strictObject({ currentPassword: passwordSchema, newPassword: passwordSchema }),
      responses: { 204: { description: 'Changed; this session stays valid.' } },
      errors: ['forbidden', 'conflict'],
    },
    async ({ caller, body, timing }) => {
      await accounts.changePassword(caller, body, timing)
      return { status: 204 }
    },
  )
}

function remove(accounts: AccountService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/account',
      summary: 'Delete the account, its sessions and its files',
      access: 'session',
      body: z.strictObject({ password: passwordSchema }),
      responses: { 204: { description: 'Deleted.' } },
      errors: ['forbidden', 'conflict'],
    },
    async ({ caller, body, timing }) => {
      await accounts.delete(caller, body.password, timing)
      return { status: 204 }
    },
  )
}

function accountView(account: Account): z.infer<typeof accountSchema> {
  const { id, name, role, quotaBytes, usedBytes, createdAtMs } = account
  const createdAt = new Date(createdAtMs).toISOString()
  return { id, name, role, quotaBytes, usedBytes, createdAt }
}
