import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { Test } from 'supertest'
import { TestService, type TestAccount } from '../support/http/test-service'

const etagOfHello = '"LPJNul-wow4m6DsqxbninhsWHlw"'

interface PageView {
  files: FileView[]
  cursor: string | null
}

interface FileView {
  owner: string
  path: string
  size: number
  sha256: string
  version: number
  createdAt: string
  updatedAt: string
}

const pageOf = async (listing: Test) => (await listing.expect(200)).body as PageView

describe('files', () => {
  let service: TestService
  let admin: TestAccount
  let alice: TestAccount
  let bob: TestAccount
  let names = 0

  beforeAll(async () => {
    service = await TestService.start()
    admin = await service.makeAdmin()
    alice = await service.makeMember(admin, 'alice')
    bob = await service.makeMember(admin, 'bob')
  })
  afterAll(() => service.stop())

  const newPath = () => `/v1/files/alice/file-${++names}`
  const put = (path: string, content: string, token = alice.token) =>
    service.call('PUT', path, token).set('Content-Type', 'text/plain').send(content)
  const get = (path: string, token = alice.token) => service.call('GET', path, token)
  const drafts = () => readdir(service.scratch.paths.drafts)

  test('a new file is answered 201 with all that is known of it', async () => {
    const answer = await put('/v1/files/alice/a/b.txt', 'hello').expect(201)
    const sha256 = createHash('sha256').update('hello').digest('hex')
    const at = new Date(service.nowMs).toISOString()
    expect(answer.body).toEqual({
      owner: 'alice',
      path: 'a/b.txt',
      size: 5,
      sha256,
      contentType: 'text/plain',
      etag: etagOfHello,
      version: 1,
      metadata: {},
      createdAt: at,
      updatedAt: at,
    })
    const digest = Buffer.from(sha256, 'hex').toString('base64')
    expect(answer.headers).toMatchObject({
      etag: etagOfHello,
      'repr-digest': `sha-256=:${digest}:`,
    })
    expect(await drafts()).toEqual([])
  })

  test('a replaced file is answered 200, one version on, created when it was', async () => {
    const path = newPath()
    const first = (await put(path, 'one').expect(201)).body as FileView
    service.nowMs += 1000
    const second = (await put(path, 'second').expect(200)).body as FileView
    expect(second).toMatchObject({ size: 6, version: 2, createdAt: first.createdAt })
    expect(second.updatedAt).toBe(new Date(service.nowMs).toISOString())
    expect((await get(path)).text).toBe('second')
  })

  test('a file without a stated type has that of its name', async () => {
    const path = `${newPath()}.png`
    await service.call('PUT', path, alice.token).unset('Content-Type').send().expect(201)
    expect((await get(path)).headers['content-type']).toBe('image/png')
  })

  test('names of any letters come back as they are, in NFC', async () => {
    const nfd = '/v1/files/alice/Cafe%CC%81/%E6%97%A5%20%25%3F%23.txt'
    const answer = await put(nfd, 'x').expect(201)
    expect((answer.body as FileView).path).toBe('Caf\u00e9/日 %?#.txt')
    await get('/v1/files/alice/Caf%C3%A9/%E6%97%A5%20%25%3F%23.txt').expect(200)
    await put('/v1/files/alice/Caf%C3%A9/%E6%97%A5%20%25%3F%23.txt', 'y').expect(200)
  })

  test('contents are shared, files are not', async () => {
    const [one, two] = [newPath(), newPath()]
    await put(one, 'the same')
    await put(two, 'the same')
    await service.call('DELETE', one, alice.token).expect(204)
    expect((await get(two).expect(200)).text).toBe('the same')
  })

  test.each(['a.html', 'a.svg', 'a.xml', 'a.js', 'a.pdf'])(
    '%s is never shown or run',
    async (name) => {
      const path = `/v1/files/alice/${name}`
      const content = '<script>document.title="run"</script>'
      await service.call('PUT', path, alice.token).set('Content-Type', 'text/html').send(content)
      const { headers } = await get(path).expect(200)
      expect(headers).toMatchObject({
        'content-disposition': `attachment; filename="${name}"`,
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'private, no-cache',
      })
    },
  )

  test('deleting a file takes its conditions into account', async () => {
    const path = newPath()
    await put(path, 'hello')
    await service.call('DELETE', path, alice.token).set('If-Match', '"x"').expect(412)
    await service.call('DELETE', path, alice.token).set('If-Match', 'x').expect(400)
    await service.call('DELETE', path, alice.token).set('If-Match', etagOfHello).expect(204)
    await get(path).expect(404)
    await service.call('DELETE', path, alice.token).expect(404)
  })

  test.each([
    ['If-None-Match: * on a new file', false, { 'If-None-Match': '*' }, 201],
    ['If-None-Match: * on an old one', true, { 'If-None-Match': '*' }, 412],
    ['If-None-Match with its tag', true, { 'If-None-Match': etagOfHello }, 412],
    ['If-None-Match with another', true, { 'If-None-Match': '"x"' }, 200],
    ['If-Match with its tag', true, { 'If-Match': `"x", ${etagOfHello}` }, 200],
    ['If-Match with its tag, weak', true, { 'If-Match': `W/${etagOfHello}` }, 412],
    ['If-Match: * on an old file', true, { 'If-Match': '*' }, 200],
    ['If-Match: * on a new one', false, { 'If-Match': '*' }, 412],
    ['If-Match that is none', true, { 'If-Match': 'hello' }, 400],
    ['If-Unmodified-Since', true, { 'If-Unmodified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 400],
    ['Content-Range', true, { 'Content-Range': 'bytes 0-4/10' }, 400],
    ['a content coding', true, { 'Content-Encoding': 'gzip' }, 415],
    ['a type that is none', true, { 'Content-Type': 'text' }, 400],
  ])('a write with %s', async (_name, exists, headers, status) => {
    const path = newPath()
    if (exists) await put(path, 'hello').expect(201)
    await put(path, 'other').set(headers).expect(status)
    if (status >= 400 && exists) expect((await get(path)).text).toBe('hello')
    expect(await drafts()).toEqual([])
  })

  test('of many creations of one file at once, one wins', async () => {
    const path = newPath()
    const contents = Array.from({ length: 20 }, (_, index) => `content ${index}`)
    const answers = await Promise.all(
      contents.map((each) => put(path, each).set('If-None-Match', '*')),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201,
      ...Array<number>(19).fill(412),
    ])
    const winner = answers.findIndex(({ status }) => status === 201)
    expect((await get(path)).text).toBe(contents[winner])
    expect(await drafts()).toEqual([])
  })

  describe('are listed', () => {
    let carol: TestAccount

    beforeAll(async () => {
      carol = await service.makeMember(admin, 'carol')
      for (const path of ['a/1', 'a/2', 'a/3', 'b/1', 'b/2'])
        await put(`/v1/files/carol/${path}`, path, carol.token).expect(201)
    })
    const list = (query: string, token = carol.token) =>
      service.call('GET', `/v1/files${query}`, token)

    test.each([
      ['all of one’s own', '', ['a/1', 'a/2', 'a/3', 'b/1', 'b/2']],
      ['by owner', '?owner=carol', ['a/1', 'a/2', 'a/3', 'b/1', 'b/2']],
      ['by prefix', '?prefix=a/', ['a/1', 'a/2', 'a/3']],
      ['by a prefix of nothing', '?prefix=c', []],
    ])('%s', async (_name, query, paths) => {
      const page = await pageOf(list(query))
      expect(page.files.map(({ path }) => path)).toEqual(paths)
      expect(page.cursor).toBeNull()
    })

    test('in pages that together are the whole', async () => {
      const paths: string[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const next = cursor === '' ? '' : `&cursor=${cursor}`
        const page = await pageOf(list(`?limit=2${next}`))
        paths.push(...page.files.map(({ path }) => path))
        cursor = page.cursor
      }
      expect(paths).toEqual(['a/1', 'a/2', 'a/3', 'b/1', 'b/2'])
    })

    test.each([
      '?limit=0',
      '?limit=1001',
      '?limit=x',
      '?cursor=x',
      '?unknown=1',
      '?owner=a&owner=b',
    ])('but not with %s', async (query) => {
      await list(query).expect(400)
    })

    test('for an admin those of everyone', async () => {
      expect((await pageOf(list('?owner=carol&limit=1', admin.token))).files).toHaveLength(1)
      await list('?owner=nobody', admin.token).expect(404)
    })

    test('for nobody else', async () => {
      await list('?owner=carol', bob.token).expect(404)
      expect(await pageOf(list('', bob.token))).toEqual({ files: [], folders: [], cursor: null })
    })
  })

  describe('belong to their owner', () => {
    const path = '/v1/files/alice/private'

    beforeAll(async () => {
      await put(path, 'secret').expect(201)
    })

    test.each(['GET', 'HEAD', 'PUT', 'DELETE'])(
      '%s: to a stranger there is nothing',
      async (method) => {
        await service.call(method, path, bob.token).expect(404)
        await service.call(method, '/v1/files/nobody/private', bob.token).expect(404)
        expect((await get(path)).text).toBe('secret')
      },
    )

    test.each(['GET', 'HEAD', 'PUT', 'DELETE'])(
      '%s: without a session nothing goes',
      async (method) => {
        await service.call(method, path).expect(401)
      },
    )

    test('an admin reads, writes and deletes them; they count for their owner', async () => {
      const before = await usedBytes(alice)
      await get(path, admin.token).expect(200)
      await put('/v1/files/alice/by-admin', '12345', admin.token).expect(201)
      expect(await usedBytes(alice)).toBe(before + 5)
      await service.call('DELETE', '/v1/files/alice/by-admin', admin.token).expect(204)
      expect(await usedBytes(alice)).toBe(before)
      await put('/v1/files/nobody/a', '1', admin.token).expect(404)
    })

    const usedBytes = async ({ token }: TestAccount) => {
      const answer = await service.call('GET', '/v1/account', token)
      return (answer.body as { usedBytes: number }).usedBytes
    }
  })
})
