import { randomBytes } from 'node:crypto'
import { Client } from '../../../webserver/demo/client'
import type { Service } from '../service'
import { ask, jsonOf } from './crash-requests'

/** A request that is answered well until somebody takes the right to it away. */
export interface Target {
  method: 'GET' | 'POST'
  path: string
  /** Null for those who come by an address that is a secret. */
  authorization: string | null
  /** What the answers are before, and after. */
  isAllowed(status: number): boolean
  /** Resolves when the service has acknowledged it. @returns when it counts; undefined for now. */
  revoke(): Promise<number | undefined>
}

export interface Way {
  name: string
  /** How long after the acknowledgement it may still be answered well. */
  staleMaxMs: number
  prepare(service: Service): Promise<Target>
}

const lifetimeMs = 1500
const isOk = (status: number) => status >= 200 && status < 300

/** Every way to lose a right. */
export const ways: readonly Way[] = [
  shared('a grant is deleted', async (service, { file, guest }) => {
    const { id } = await grant(service, { path: file, to: { account: guest.name } })
    return () => expectOk(service, 'DELETE', `/v1/grants/${id}`)
  }),
  shared("a folder's grant is deleted", async (service, { folder, guest }) => {
    const { id } = await grant(service, { folder, to: { account: guest.name } })
    return () => expectOk(service, 'DELETE', `/v1/grants/${id}`)
  }),
  shared('a member is removed from the group', async (service, { file, guest }) => {
    const group = await groupWith(service, guest.name)
    await grant(service, { path: file, to: { group } })
    return () => expectOk(service, 'DELETE', `/v1/groups/${group}/members/${guest.name}`)
  }),
  shared('the group is deleted', async (service, { file, guest }) => {
    const group = await groupWith(service, guest.name)
    await grant(service, { path: file, to: { group } })
    return () => expectOk(service, 'DELETE', `/v1/groups/${group}`)
  }),
  shared('a grant expires', async (service, { file, guest }) => {
    const endsAtMs = Date.now() + lifetimeMs
    const expiresAt = new Date(endsAtMs).toISOString()
    await grant(service, { path: file, to: { account: guest.name }, expiresAt })
    return async () => {
      await new Promise((done) => setTimeout(done, endsAtMs - Date.now()))
      return performance.now() + endsAtMs - Date.now()
    }
  }),
  shared('the file is deleted', async (service, { file, guest }) => {
    await grant(service, { path: file, to: { account: guest.name } })
    return () => expectOk(service, 'DELETE', `/v1/files/${service.account}/${file}`)
  }),
  byAddress('a link is revoked', async (service, { file }) => {
    const link = await post(service, '/v1/links', linkTo(service, file))
    return { path: link.url, revoke: () => expectOk(service, 'DELETE', `/v1/links/${link.id}`) }
  }),
  byAddress("a link's maker may share no more", async (service, { file, guest }) => {
    const { id } = await grant(service, {
      path: file,
      to: { account: guest.name },
      right: 'manage',
    })
    const link = await post(
      { ...service, client: guest.client },
      '/v1/links',
      linkTo(service, file),
    )
    return { path: link.url, revoke: () => expectOk(service, 'DELETE', `/v1/grants/${id}`) }
  }),
  byAddress("a signed URL's maker may see the file no more", async (service, { file, guest }) => {
    const { id } = await grant(service, { path: file, to: { account: guest.name } })
    const body = { owner: service.account, path: file, method: 'GET', expiresInS: 60 }
    const { url } = await post({ ...service, client: guest.client }, '/v1/signed-urls', body)
    return { path: url, revoke: () => expectOk(service, 'DELETE', `/v1/grants/${id}`) }
  }),
  own('the session is revoked by another one', async (service, guest) => {
    const { client } = await signInAs(service, guest.name)
    const { sessions } = jsonOf(await asGuest(service, client, 'GET', '/v1/sessions')) as {
      sessions: { id: string; current?: boolean }[]
    }
    const id = guest.client.authorization.slice('Bearer '.length).slice(3).split('.')[0]!
    if (!sessions.some((session) => session.id === id)) throw new Error('no such session')
    return () => requireOk(asGuest(service, client, 'DELETE', `/v1/sessions/${id}`))
  }),
  own('the password is changed in another session', async (service, guest) => {
    const { client } = await signInAs(service, guest.name)
    const body = { currentPassword: password, newPassword: `${password}!` }
    return () => requireOk(asGuest(service, client, 'PUT', '/v1/account/password', body))
  }),
  own('the account is deleted', async (service, guest) => {
    const { client } = await signInAs(service, guest.name)
    return () => requireOk(asGuest(service, client, 'DELETE', '/v1/account', { password }))
  }),
  {
    // nginx keeps what it was told about a token for one second on this path, and counts in whole ones: less than two.
    name: 'the session is ended, asking for inference',
    staleMaxMs: 2000,
    async prepare(service) {
      const { client } = await makeGuest(service)
      return {
        method: 'POST',
        path: '/v2/models/none/infer',
        authorization: client.authorization,
        isAllowed: (status) => status !== 401,
        revoke: () => requireOk(asGuest(service, client, 'DELETE', '/v1/session')),
      }
    },
  },
]

interface Guest {
  name: string
  client: Client
}

interface Shared {
  file: string
  folder: string
  guest: Guest
}

type Revoke = () => Promise<number | undefined>

/** A guest reads a file of the first account's. */
function shared(name: string, give: (service: Service, shared: Shared) => Promise<Revoke>): Way {
  return {
    name,
    staleMaxMs: 0,
    async prepare(service) {
      const prepared = await prepareShared(service)
      const { file, guest } = prepared
      const revoke = await give(service, prepared)
      return targetOf(guest, `/v1/files/${service.account}/${file}`, revoke)
    },
  }
}

/** Somebody without an account reads a file of the first account's. */
function byAddress(
  name: string,
  give: (service: Service, shared: Shared) => Promise<{ path: string; revoke: Revoke }>,
): Way {
  return {
    name,
    staleMaxMs: 0,
    async prepare(service) {
      const { path, revoke } = await give(service, await prepareShared(service))
      return { method: 'GET', path, authorization: null, isAllowed: isOk, revoke }
    },
  }
}

async function prepareShared(service: Service): Promise<Shared> {
  const folder = `revocation-${randomBytes(4).toString('hex')}`
  const file = `${folder}/file`
  const guest = await makeGuest(service)
  await expectOk(service, 'PUT', `/v1/files/${service.account}/${file}`, Buffer.alloc(4096))
  return { file, folder, guest }
}

function linkTo({ account }: Service, path: string) {
  return { owner: account, path, mode: 'view' }
}

/** A guest reads a file of their own. */
function own(name: string, give: (service: Service, guest: Guest) => Promise<Revoke>): Way {
  return {
    name,
    staleMaxMs: 0,
    async prepare(service) {
      const guest = await makeGuest(service)
      const path = `/v1/files/${guest.name}/file`
      await requireOk(asGuest(service, guest.client, 'PUT', path, Buffer.alloc(4096)))
      return targetOf(guest, path, await give(service, guest))
    },
  }
}

function targetOf({ client }: Guest, path: string, revoke: Revoke): Target {
  const { authorization } = client
  return { method: 'GET', path, authorization, isAllowed: isOk, revoke }
}

const password = 'correct horse battery'

async function makeGuest(service: Service): Promise<Guest> {
  const name = `guest-${randomBytes(4).toString('hex')}`
  await expectOk(service, 'POST', '/v1/accounts', { name, password })
  return signInAs(service, name)
}

async function signInAs(service: Service, name: string): Promise<Guest> {
  const client = new Client(service.url)
  await client.logIn({ name, password })
  return { name, client }
}

async function groupWith(service: Service, guest: string): Promise<string> {
  const name = `group-${randomBytes(4).toString('hex')}`
  await expectOk(service, 'POST', '/v1/groups', { name })
  await expectOk(service, 'PUT', `/v1/groups/${name}/members/${guest}`, {})
  return name
}

function grant(service: Service, what: object): Promise<{ id: string }> {
  return post(service, '/v1/grants', { owner: service.account, right: 'view', ...what })
}

async function post(
  service: Service,
  path: string,
  body: object,
): Promise<{ id: string; url: string }> {
  const answer = await ask(service, 'POST', path, { body })
  if (!isOk(answer.status)) throw new Error(`POST ${path}: ${answer.body.toString()}`)
  return jsonOf(answer) as { id: string; url: string }
}

function asGuest(
  service: Service,
  client: Client,
  ...[method, path, body]: [string, string, (Uint8Array | object)?]
) {
  return ask({ ...service, client }, method, path, body === undefined ? {} : { body })
}

async function expectOk(
  service: Service,
  ...[method, path, body]: [string, string, (Uint8Array | object)?]
): Promise<undefined> {
  return requireOk(ask(service, method, path, body === undefined ? {} : { body }))
}

async function requireOk(asked: ReturnType<typeof ask>): Promise<undefined> {
  const { status, body } = await asked
  if (!isOk(status)) throw new Error(`answered ${status}: ${body.toString()}`)
  return undefined
}
