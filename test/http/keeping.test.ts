import type { Response } from 'supertest'
import { sha256Of } from '../support/database/fixtures'
import { TestService, type TestAccount } from '../support/http/test-service'

interface FileBody {
  path: string
  version: number
  etag: string
  sha256: string
  id: string
}

describe.each(['sqlite', 'debug'] as const)('what is kept, with the %s database', (kind) => {
  let service: TestService
  let admin: TestAccount
  let ann: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind })
    admin = await service.makeAdmin()
  })
  beforeEach(async () => (ann = await service.makeMember(admin)))
  afterAll(() => service.stop())

  const call = (method: string, path: string) => service.call(method, path, ann.token)
  const urlOf = (path: string) => `/v1/files/${ann.name}/${path}`
  const put = async (path: string, content: string) =>
    (await call('PUT', urlOf(path)).type('text/plain').send(content)).body as FileBody
  const versions = async (path: string) =>
    (await call('GET', `/v1/versions/${ann.name}/${path}`).expect(200)).body as {
      versions: FileBody[]
      cursor: string | null
    }
  const trashPage = async (query: string) =>
    (await call('GET', `/v1/trash${query}`).expect(200)).body as {
      files: FileBody[]
      cursor: string
    }
  const trash = async () => (await trashPage('')).files
  const codeOf = (answer: Response) => (answer.body as { code: string }).code

  test('every version is listed, read and put back', async () => {
    const first = await put('a', 'one')
    service.nowMs += 5000
    await put('a', 'three')
    const list = await versions('a')
    expect(list.cursor).toBeNull()
    expect(list.versions.map(({ version, sha256 }) => [version, sha256])).toEqual([
      [2, sha256Of('three')],
      [1, sha256Of('one')],
    ])

    const old = await call('GET', `${urlOf('a')}?version=1`).expect(200)
    expect(old.text).toBe('one')
    expect(old.headers.etag).toBe(first.etag)
    const head = await call('HEAD', `${urlOf('a')}?version=1`).expect(200)
    expect(head.headers['content-length']).toBe('3')
    await call('GET', `${urlOf('a')}?version=1`)
      .set('If-None-Match', first.etag)
      .expect(304)
    const part = await call('GET', `${urlOf('a')}?version=1`)
      .set('Range', 'bytes=1-')
      .expect(206)
    expect(part.text).toBe('ne')
    await call('GET', `${urlOf('a')}?version=3`).expect(404)
    await call('GET', `${urlOf('a')}?version=0`).expect(400)

    const path = `/v1/versions/${ann.name}/a`
    await call('POST', path).send({ version: 1, ifMatch: first.etag }).expect(412)
    await call('POST', path).set('If-Match', first.etag).send({ version: 1 }).expect(412)
    await call('POST', path).send({ version: 2 }).expect(409)
    const ifMatch = list.versions[0]!.etag
    const restored = await call('POST', path).send({ version: 1, ifMatch }).expect(200)
    expect(restored.body).toMatchObject({ version: 3, etag: first.etag })
    expect((await call('GET', urlOf('a')).expect(200)).text).toBe('one')

    await call('DELETE', `${path}?version=2`).expect(204)
    expect((await versions('a')).versions.map(({ version }) => version)).toEqual([3, 1])
    expect(codeOf(await call('DELETE', `${path}?version=3`).expect(409))).toBe('conflict')
  })

  test('versions come in pages', async () => {
    for (const content of ['1', '2', '3', '4', '5']) await put('a', content)
    const page = await versions('a?limit=3')
    expect(page.versions.map(({ version }) => version)).toEqual([5, 4, 3])
    const next = await versions(`a?limit=3&cursor=${page.cursor}`)
    expect(next.versions.map(({ version }) => version)).toEqual([2, 1])
    expect(next.cursor).toBeNull()
    await call('GET', `/v1/versions/${ann.name}/a?cursor=x`).expect(400)
    await call('GET', `/v1/versions/${ann.name}/a?limit=1001`).expect(400)
    await call('GET', `/v1/versions/${ann.name}/b`).expect(404)
  })

  test('a deleted file comes back where it was, elsewhere, or over another', async () => {
    const file = await put('a', 'old')
    await call('DELETE', urlOf('a')).expect(204)
    await call('GET', urlOf('a')).expect(404)
    await put('a', 'taking')
    const [deleted] = await trash()
    expect(deleted).toMatchObject({ path: 'a', sha256: sha256Of('old'), version: 1 })

    const path = `/v1/trash/${deleted!.id}/restore`
    const refused = await call('POST', path).send({}).expect(409)
    expect(refused.body).toMatchObject({ code: 'conflict', field: 'path' })
    await call('POST', path).send({ path: 'a/../b' }).expect(400)
    const elsewhere = await call('POST', path).send({ path: 'b' }).expect(200)
    expect(elsewhere.headers.etag).toBe(file.etag)
    await call('DELETE', urlOf('b')).expect(204)
    await call('POST', path).send({ path: 'a', overwrite: true }).expect(200)
    expect((await call('GET', urlOf('a')).expect(200)).text).toBe('old')
    expect((await trash()).map((one) => one.path)).toEqual(['a'])
    await call('POST', path).send({}).expect(404)
  })

  test('the trash is listed in pages, emptied, and passed by', async () => {
    for (const path of ['a', 'b', 'c', 'd']) {
      await put(path, path)
      service.nowMs += 1
      await call('DELETE', urlOf(path)).expect(204)
    }
    const first = await trashPage('?limit=3')
    expect(first.files.map(({ path }) => path)).toEqual(['d', 'c', 'b'])
    const next = await trashPage(`?limit=3&cursor=${first.cursor}`)
    expect(next.files.map(({ path }) => path)).toEqual(['a'])
    await call('GET', '/v1/trash?cursor=x').expect(400)

    await call('DELETE', `/v1/trash/${first.files[0]!.id}`).expect(204)
    await call('DELETE', `/v1/trash/${first.files[0]!.id}`).expect(404)
    const emptied = await call('DELETE', '/v1/trash').expect(200)
    expect(emptied.body).toEqual({ deleted: 3, isEmpty: true })
    await put('a', 'a')
    await call('DELETE', `${urlOf('a')}?permanent=true`).expect(204)
    expect(await trash()).toEqual([])
  })

  test('a full account is told what it could let go', async () => {
    const half = 'x'.repeat(600_000)
    const small = await TestService.start({ kind, settings: { accounts: { quotaBytes: 1e6 } } })
    try {
      const root = await small.makeAdmin()
      const url = (path: string) => `/v1/files/root/${path}`
      await small.call('PUT', url('a'), root.token).type('text').send(half).expect(201)
      await small.call('DELETE', url('a'), root.token).expect(204)
      const refused = await small.call('PUT', url('b'), root.token).type('text').send(half)
      expect(refused.status).toBe(507)
      expect(refused.body).toMatchObject({
        code: 'quota_exceeded',
        quotaBytes: 1e6,
        usedBytes: 0,
        versionBytes: 0,
        trashBytes: 600_000,
      })
      await small.call('DELETE', '/v1/trash', root.token).expect(200)
      await small.call('PUT', url('b'), root.token).type('text').send(half).expect(201)
    } finally {
      await small.stop()
    }
  })
})
