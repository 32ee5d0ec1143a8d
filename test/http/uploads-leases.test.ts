import { createHash } from 'node:crypto'
import { RawConnection } from '../support/files/raw-connection'
import { TestService, type TestAccount } from '../support/http/test-service'
import { TusClient, uploadMetadata } from '../support/http/tus'
import { waitUntil } from '../support/service/wait-until'

let service: TestService
let admin: TestAccount
let ada: TestAccount
let client: TusClient

beforeAll(async () => {
  service = await TestService.start({ settings: { files: { uploadLeaseMs: 400 } } })
  admin = await service.makeAdmin()
  ada = await service.makeMember(admin, 'ada')
  client = new TusClient(service, ada.token)
})
afterAll(() => service.stop())

/** Sends some of what it says it will, and is then silent. */
async function beginPatch(location: string, offset: number, length: number, body: string) {
  const connection = await RawConnection.open(service.port)
  connection.send(
    `PATCH ${location} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${ada.token}`,
    'Tus-Resumable: 1.0.0',
    'Content-Type: application/offset+octet-stream',
    `Upload-Offset: ${offset}`,
    `Content-Length: ${length}`,
  )
  connection.socket.write(body)
  return connection
}

const isAt = (location: string, offset: number) => async () =>
  (await client.offsetOf(location)) === offset

test('a connection that falls silent gives the upload back, and goes on when nobody took it', async () => {
  const location = await client.begin(10)
  const silent = await beginPatch(location, 0, 10, '12345')
  await waitUntil('what came is counted', isAt(location, 5))
  silent.socket.write('67890')
  expect(await silent.answer()).toMatchObject({ status: 204, headers: { 'upload-offset': '10' } })
  silent.socket.destroy()
})

/** Somebody else ends the upload of one that fell silent, which then goes on. */
async function takeFromSilent(path: string): Promise<void> {
  const location = await client.begin(10, uploadMetadata({ path }))
  const silent = await beginPatch(location, 0, 10, '12345')
  await waitUntil('what came is counted', isAt(location, 5))
  await client.patch(location, 5, Buffer.from('abcde')).expect(204)
  silent.socket.write('67890')
  expect((await silent.answer()).status).toBe(409)
  silent.socket.destroy()
}

test('whoever comes meanwhile has it, and the one that was silent is told so', async () => {
  await takeFromSilent('taken')
  const file = await service.call('GET', '/v1/files/ada/taken', ada.token).buffer(true)
  expect((file.body as Buffer).toString()).toBe('12345abcde')
})

test('what one that was silent worked with goes to one of the next uploads, not to two', async () => {
  await takeFromSilent('lost')
  const bodies = ['aaaaabbbbb', 'cccccddddd'] as const
  const paths = ['one', 'another'] as const
  const locations = await Promise.all(
    paths.map((path) => client.begin(10, uploadMetadata({ path }))),
  )
  const begun = await Promise.all(
    locations.map((location, which) => beginPatch(location, 0, 10, bodies[which]!.slice(0, 5))),
  )
  for (const [which, connection] of begun.entries()) {
    connection.socket.write(bodies[which]!.slice(5))
    expect((await connection.answer()).status).toBe(204)
    connection.socket.destroy()
    const { headers } = await service.call('GET', `/v1/files/ada/${paths[which]}`, ada.token)
    const digest = createHash('sha256').update(bodies[which]!).digest('base64')
    expect(headers['repr-digest']).toBe(`sha-256=:${digest}:`)
  }
})

test('a connection that breaks leaves what it brought', async () => {
  const location = await client.begin(10)
  const broken = await beginPatch(location, 0, 10, '1234567')
  broken.socket.end()
  await waitUntil('what came is counted', isAt(location, 7))
  await client.patch(location, 7, Buffer.from('890')).expect(204)
})

test('a right that was taken away holds no further piece', async () => {
  const bob = await service.makeMember(admin, 'bob')
  const share = await service
    .call('POST', '/v1/grants', ada.token)
    .send({ owner: 'ada', folder: 'shared', to: { account: 'bob' }, right: 'edit' })
    .expect(201)
  const sender = new TusClient(service, bob.token)
  const location = await sender.begin(10, uploadMetadata({ owner: 'ada', path: 'shared/x' }))
  await sender.patch(location, 0, Buffer.from('12345')).expect(204)
  const { id } = share.body as { id: string }
  await service.call('DELETE', `/v1/grants/${id}`, ada.token).expect(204)
  expect((await sender.patch(location, 5, Buffer.from('67890'))).status).toBe(404)
  await service.call('GET', '/v1/files/ada/shared/x', ada.token).expect(404)
})

test('where a condition is asked for, what is there is not replaced without one', async () => {
  const careful = await TestService.start({ settings: { files: { requireCondition: true } } })
  try {
    const { token, name } = await careful.makeMember(await careful.makeAdmin())
    const call = (method: string) => careful.call(method, `/v1/files/${name}/a`, token)
    const { headers } = (await call('PUT').send('first').expect(201)) as unknown as {
      headers: { etag: string }
    }
    expect((await call('PUT').send('second')).status).toBe(428)
    expect((await call('DELETE')).status).toBe(428)
    await call('PUT').set('If-Match', headers.etag).send('second').expect(200)
    await call('DELETE').set('If-Match', '*').expect(204)
  } finally {
    await careful.stop()
  }
})
