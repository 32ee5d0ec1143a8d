import { tus, uploadMetadata } from '../tus'
import type { TestAccount, TestService } from '../test-service'
import { saysHowShared, type Actor, type Row, type Scene } from './row'

let scenes = 0

/** Makes everything anew: whoever asks may have deleted what another needs. */
export async function makeScene(service: TestService, row: Row, actor: Actor): Promise<Scene> {
  const admin = await service.logIn('root')
  const owner = await service.makeMember(admin)
  const { token } = await service.logIn(owner.name)
  const asOwner = (method: string, path: string) => service.call(method, path, owner.token)
  await asOwner('PUT', `/v1/files/${owner.name}/kept`).send('kept').expect(201)
  const trashedId = row.hasPast ? await makePast(service, owner) : ''
  const shared = saysHowShared(row)
    ? await share(service, { admin, owner })
    : { group: '', member: '', grantId: '' }
  const caller = await callerOf(service, { admin, owner, row, actor })
  return {
    service,
    owner,
    file: `${owner.name}/shared/kept`,
    folder: `${owner.name}/shared`,
    trashedId,
    uploadId: row.hasUpload ? await beginUpload(service, owner) : '',
    otherSessionId: token.slice(3).split('.')[0]!,
    ...shared,
    call: (method, path) => service.call(method, path, caller),
  }
}

/** @returns the id of an upload of 5 bytes of which none has come. */
async function beginUpload(service: TestService, owner: TestAccount): Promise<string> {
  const answer = await service
    .call('POST', '/v1/uploads', owner.token)
    .set({ ...tus, 'Upload-Length': '5', ...uploadMetadata({ path: 'uploaded' }) })
    .expect(201)
  return answer.get('Location')!.split('/').at(-1)!
}

/** @returns the id of the file in the trash. */
async function makePast(service: TestService, owner: TestAccount): Promise<string> {
  const asOwner = (method: string, path: string) => service.call(method, path, owner.token)
  const path = (name: string) => `/v1/files/${owner.name}/${name}`
  await asOwner('PUT', path('kept')).send('kept anew').expect(200)
  await asOwner('PUT', path('shared/kept')).send('earlier').expect(201)
  await asOwner('PUT', path('deleted')).send('deleted').expect(201)
  await asOwner('DELETE', path('deleted')).expect(204)
  const { body } = (await asOwner('GET', '/v1/trash').expect(200)) as {
    body: { files: { id: string }[] }
  }
  return body.files[0]!.id
}

interface Cast {
  admin: TestAccount
  owner: TestAccount
}

/** What is there besides what the caller has: somebody else's right, by a group of the owner's. */
async function share(service: TestService, { admin, owner }: Cast) {
  const { name: member } = await service.makeMember(admin)
  const group = `group-${++scenes}`
  const asOwner = (method: string, path: string) => service.call(method, path, owner.token)
  await asOwner('PUT', `/v1/files/${owner.name}/shared/kept`).send('kept')
  await asOwner('POST', '/v1/groups').send({ name: group }).expect(201)
  await asOwner('PUT', `/v1/groups/${group}/members/${member}`).send({}).expect(201)
  const place = { owner: owner.name, path: 'shared/kept' }
  const answer = await asOwner('POST', '/v1/grants')
    .send({ ...place, to: { account: member }, right: 'view' })
    .expect(201)
  return { member, group, grantId: (answer.body as { id: string }).id }
}

/** @returns the token of who asks. */
async function callerOf(
  service: TestService,
  { admin, owner, row, actor }: Cast & { row: Row; actor: Actor },
): Promise<string | undefined> {
  if (actor.kind === 'anonymous') return undefined
  if (actor.kind === 'owner') return owner.token
  if (actor.kind === 'admin') return admin.token
  const caller = await service.makeMember(admin)
  if (actor.kind === 'deleted account') {
    const { password } = caller
    await service.call('DELETE', '/v1/account', caller.token).send({ password }).expect(204)
  }
  await giveRight(service, { owner, row, actor, caller })
  return caller.token
}

interface Gift {
  owner: TestAccount
  row: Row
  actor: Actor
  caller: TestAccount
}

async function giveRight(service: TestService, { owner, row, actor, caller }: Gift): Promise<void> {
  const asOwner = (method: string, path: string) => service.call(method, path, owner.token)
  const file = { path: 'shared/kept' }
  const folder = { folder: 'shared' }
  const place = row.on === 'folder' ? folder : file
  const above = row.on === 'folder' ? { folder: '' } : folder
  const grant = async (
    to: object,
    right: string,
    at: object = place,
    expiresAt = null as unknown,
  ) =>
    (
      (await asOwner('POST', '/v1/grants')
        .send({ owner: owner.name, ...at, to, right, expiresAt })
        .expect(201)) as { body: { id: string } }
    ).body.id
  const account = { account: caller.name }
  const join = async () => {
    const name = `group-${++scenes}`
    await asOwner('POST', '/v1/groups').send({ name }).expect(201)
    await asOwner('PUT', `/v1/groups/${name}/members/${caller.name}`).send({}).expect(201)
    return name
  }

  if (actor.kind === 'holder of the file') await grant(account, 'manage', file)
  if (actor.kind === 'grantee') {
    const { right, way } = actor
    if (way === 'group') await grant({ group: await join() }, right)
    else await grant(account, right, way === 'above' ? above : place)
  }
  if (actor.kind !== 'former grantee') return
  if (actor.end === 'expired') {
    const expiresAt = new Date(service.nowMs + 60_000).toISOString()
    await grant(account, 'manage', place, expiresAt)
    await grant(account, 'manage', above, expiresAt)
    // The clock of all: it only ever moves on.
    service.nowMs += 60_000
  } else if (actor.end === 'revoked') {
    const id = await grant(account, 'manage')
    await asOwner('DELETE', `/v1/grants/${id}`).expect(204)
  } else {
    const group = await join()
    await grant({ group }, 'manage')
    const left =
      actor.end === 'group deleted'
        ? `/v1/groups/${group}`
        : `/v1/groups/${group}/members/${caller.name}`
    await asOwner('DELETE', left).expect(204)
  }
}
