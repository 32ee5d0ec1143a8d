import type { Test } from 'supertest'
import { TestService, type TestAccount } from '../support/http/test-service'

const answerOf = async (asked: Test) =>
  (await asked.expect(200)) as { body: unknown; headers: Record<string, string> }

describe.each(['sqlite', 'debug'] as const)('information, with the %s database', (kind) => {
  let service: TestService
  let ann: TestAccount
  let bob: TestAccount

  beforeAll(async () => {
    const settings = { files: { folderSumMax: 100, metadataValueBytesMax: 10 } }
    service = await TestService.start({ kind, settings })
    const admin = await service.makeAdmin()
    ann = await service.makeMember(admin, 'ann')
    bob = await service.makeMember(admin, 'bob')
    for (const path of ['a', 'f/1', 'f/g/2'])
      await service.call('PUT', `/v1/files/ann/${path}`, ann.token).send('12345').expect(201)
  })
  afterAll(() => service.stop())

  const get = (path: string, who = ann) => service.call('GET', `/v1/info/${path}`, who.token)
  const patch = (path: string, body: object, who = ann) =>
    service.call('PATCH', `/v1/info/files/ann/${path}`, who.token).send(body)

  test('of a file', async () => {
    const { body, headers } = await answerOf(get('files/ann/a'))
    expect(body).toMatchObject({
      ...{ kind: 'file', owner: 'ann', path: 'a', size: 5, version: 1, metaVersion: 1 },
      ...{ extents: 1, earlierVersions: 0, right: 'manage', metadata: {} },
    })
    const head = await service.call('HEAD', '/v1/info/files/ann/a', ann.token).expect(200)
    expect(head.headers['etag']).toBe(headers['etag'])
  })

  test.each([
    ['f', 'f/', 2],
    ['f/', 'f/', 2],
    ['f/g', 'f/g/', 1],
    ['', '', 3],
  ])('of the folder %s', async (path, folder, files) => {
    const { body } = await answerOf(get(path === '' ? 'files/ann' : `files/ann/${path}`))
    expect(body).toEqual({
      ...{ kind: 'folder', owner: 'ann', folder, files, size: 5 * files, right: 'manage' },
      ...{ newestAt: expect.any(String) as string, truncated: false },
    })
  })

  test('of the storage', async () => {
    const { body } = await answerOf(get('storage/ann'))
    expect(body).toMatchObject({ kind: 'storage', usedBytes: 15, trashBytes: 0, files: 3 })
    const { limitBytes, freeBytes } = body as { limitBytes: number; freeBytes: number }
    expect(freeBytes).toBe(limitBytes - 15)
  })

  test('is there for who may know, and for nobody else', async () => {
    for (const path of ['files/ann', 'files/ann/a', 'files/ann/f', 'storage/ann', 'storage/nobody'])
      await get(path, bob).expect(404)
    for (const path of ['files/ann/no', 'files/ann/a/', 'files/ann/no/'])
      await get(path).expect(404)
    await patch('a', { metadata: { x: '1' } }, bob).expect(404)
  })

  test('metadata is merged, under its tag', async () => {
    const { headers } = await patch('a', { metadata: { x: '1', y: '2' } }).expect(200)
    const changed = await patch('a', { contentType: 'text/x', metadata: { x: null } })
      .set('If-Match', headers['etag']!)
      .expect(200)
    expect(changed.body).toMatchObject({ contentType: 'text/x', metadata: { y: '2' }, version: 1 })
    await patch('a', { metadata: {} }).set('If-Match', headers['etag']!).expect(412)
  })

  test.each([
    [{ metadata: { '1x': '' } }, 'metadata.1x'],
    [{ metadata: { constructor: 'x', 'a b': '' } }, 'metadata.a b'],
    [{ metadata: { x: 'longer than ten' } }, 'metadata.x'],
    [{ metadata: { x: 'a\u0000' } }, 'metadata.x'],
    [{ metadata: { x: 1 } }, 'metadata.x'],
    [{ contentType: 'nonsense' }, 'Content-Type'],
    [{ other: 1 }, 'other'],
  ])('%j is refused', async (body, field) => {
    expect((await patch('a', body).expect(400)).body).toMatchObject({ code: 'invalid', field })
  })

  test('more entries than a file may have are refused', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`n${i}`, '']))
    await patch('a', { metadata }).expect(413)
  })
})
