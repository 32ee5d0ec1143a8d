import type { Response } from 'supertest'
import { makeLink, putFile, withoutIds } from '../support/http/links'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'

const quotaBytes = 10_000

describe('links, for those who have one', () => {
  let service: TestService
  let admin: TestAccount
  let ann: TestAccount

  beforeAll(async () => {
    service = await TestService.start({
      settings: {
        accounts: { quotaBytes },
        links: { uploadBytesMax: 2000, useWindowMs: 60_000 },
      },
    })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())
  beforeEach(async () => {
    ann = await service.makeMember(admin)
    for (const path of ['docs/a.txt', 'docs/b/c.txt', 'docs/b/d.txt', 'docs2/e.txt', 'f'])
      await putFile(service, ann, path, `of ${path}`).expect(201)
  })

  const make = (terms: Record<string, unknown>) => makeLink(service, ann, terms)
  const get = (path: string) => service.call('GET', path)

  describe('to a file', () => {
    it('say what it is and give its content', async () => {
      const { url } = await make({ path: 'docs/a.txt', label: 'for me alone' })
      const seen = await get(url).expect(200)
      expect(seen.body).toEqual({
        ...{ kind: 'file', mode: 'view', needsPassword: false, name: 'a.txt', size: 13 },
        ...{ contentType: 'text/x-test', bytesMax: null, expiresAt: null },
      })
      expect(seen.headers).toMatchObject({
        ...{ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
      })
      const content = await get(`${url}/content`).expect(200, 'of docs/a.txt')
      expect(content.headers['cache-control']).toBe('private, no-cache')
      expect(content.headers['referrer-policy']).toBe('no-referrer')
      await get(`${url}/content`).set('Range', 'bytes=3-6').expect(206, 'docs')
      const head = await service.call('HEAD', `${url}/content`).expect(200)
      expect(head.headers).toMatchObject({ 'content-length': '13', etag: content.headers['etag'] })
      const tag = content.headers['etag'] as string
      await get(`${url}/content`).set('If-None-Match', tag).expect(304)
      await get(`${url}/content?download`).expect('Content-Disposition', /^attachment/)
      await get(`${url}/content?as=x`).expect(400)
    })

    it('give nothing else, and take nothing', async () => {
      const { url } = await make({ path: 'docs/a.txt' })
      expectProblem(await get(`${url}/files`), 'not_found')
      expectProblem(await get(`${url}/files/a.txt`), 'not_found')
      expectProblem(await service.call('PUT', `${url}/files/a.txt`).send('x'), 'not_found')
      expectProblem(await service.call('DELETE', `${url}/content`), 'method_not_allowed')
    })

    it('follow it through the trash', async () => {
      const { url } = await make({ path: 'docs/a.txt' })
      const path = `/v1/files/${ann.name}/docs/a.txt`
      await service.call('DELETE', path, ann.token).expect(204)
      expectProblem(await get(url), 'not_found')
      expectProblem(await get(`${url}/content`), 'not_found')
      await putFile(service, ann, 'docs/a.txt', 'another').expect(201)
      expectProblem(await get(`${url}/content`), 'not_found')
    })
  })

  describe('to view a folder', () => {
    it('list and read what lies below it, under the names that it has there', async () => {
      const { url } = await make({ folder: 'docs' })
      expect((await get(url).expect(200)).body).toMatchObject({ kind: 'folder', name: 'docs' })
      const all = await get(`${url}/files`).expect(200)
      expect(all.body).toMatchObject({ folders: [], cursor: null })
      expect(pathsOf(all)).toEqual(['a.txt', 'b/c.txt', 'b/d.txt'])
      expect(JSON.stringify(all.body)).not.toContain(ann.name)
      const top = await get(`${url}/files?delimiter=/`).expect(200)
      expect(top.body).toMatchObject({ folders: ['b/'] })
      expect(pathsOf(top)).toEqual(['a.txt'])
      expect(pathsOf(await get(`${url}/files?prefix=b/`).expect(200))).toEqual([
        'b/c.txt',
        'b/d.txt',
      ])
      await get(`${url}/files/b/c.txt`).expect(200, 'of docs/b/c.txt')
    })

    it('page by cursors that tell nothing of what lies above', async () => {
      const { url } = await make({ folder: 'docs' })
      const first = await get(`${url}/files?limit=2`).expect(200)
      const { cursor } = first.body as { cursor: string }
      const text = Buffer.from(cursor, 'base64url').toString() + cursor
      expect(text).not.toMatch(/docs/)
      expect(text).not.toContain(ann.name)
      const second = await get(`${url}/files?limit=2&cursor=${cursor}`).expect(200)
      expect([...pathsOf(first), ...pathsOf(second)]).toEqual(['a.txt', 'b/c.txt', 'b/d.txt'])
      expect(second.body).toMatchObject({ cursor: null })
      expectProblem(await get(`${url}/files?cursor=Li4v`), 'invalid', 'cursor')
    })

    it.each([
      ['%2e%2e/f', 'invalid'],
      ['..%2ff', 'invalid'],
      ['2/e.txt', 'not_found'],
      ['docs/a.txt', 'not_found'],
      ['none', 'not_found'],
    ] as const)('give nothing at %s', async (path, code) => {
      const { url } = await make({ folder: 'docs' })
      expectProblem(await get(`${url}/files/${path}`), code)
    })

    it('give it all as one zip', async () => {
      const { url } = await make({ folder: 'docs', usesMax: 1 })
      const zip = await get(`${url}/archive`).responseType('blob').expect(200)
      expect(zip.headers['content-type']).toBe('application/zip')
      const bytes = zip.body as Buffer
      for (const path of ['a.txt', 'b/c.txt', 'b/d.txt']) expect(bytes.includes(path)).toBe(true)
      expect(bytes.includes(ann.name)).toBe(false)
      expectProblem(await get(`${url}/files/a.txt`), 'gone')
    })

    it('take nothing', async () => {
      const { url } = await make({ folder: 'docs' })
      for (const path of ['new', 'a.txt'])
        expectProblem(await service.call('PUT', `${url}/files/${path}`).send('x'), 'forbidden')
    })

    it('reach all that the owner has when they are for that', async () => {
      const { url } = await make({ folder: '' })
      expect(pathsOf(await get(`${url}/files`).expect(200))).toHaveLength(5)
      await get(`${url}/files/docs2/e.txt`).expect(200)
    })
  })

  describe('to upload', () => {
    const drop = (url: string, path: string, content: string) =>
      service.call('PUT', `${url}/files/${path}`).send(content)

    it('put new files and replace none', async () => {
      const { url } = await make({ folder: 'docs', mode: 'upload' })
      const first = await drop(url, 'new.txt', 'first').expect(201)
      expect(first.body).toMatchObject({ path: 'new.txt', size: 5 })
      expect((await drop(url, 'new.txt', 'second').expect(201)).body).toMatchObject({
        path: 'new (2).txt',
      })
      expect((await drop(url, 'a.txt', 'mine').expect(201)).body).toMatchObject({
        path: 'a (2).txt',
      })
      await drop(url, 'deep/er/x', 'x').expect(201)
      const read = (path: string) =>
        service.call('GET', `/v1/files/${ann.name}/docs/${path}`, ann.token)
      await read('a.txt').expect(200, 'of docs/a.txt')
      await read('new.txt').expect(200, 'first')
      await read('new (2).txt').expect(200, 'second')
    })

    it('number files of one name that come at once', async () => {
      const { url } = await make({ folder: 'docs', mode: 'upload' })
      const sent = await Promise.all(Array.from({ length: 8 }, (_, i) => drop(url, 'x', `${i}`)))
      expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([201]))
      const paths = sent.map(({ body }) => (body as { path: string }).path)
      expect(new Set(paths).size).toBe(8)
    })

    it('show nothing, not even what was sent', async () => {
      const { url } = await make({ folder: 'docs', mode: 'upload' })
      await drop(url, 'new.txt', 'x').expect(201)
      expect((await get(url).expect(200)).body).toMatchObject({ mode: 'upload', bytesMax: 2000 })
      expectProblem(await get(`${url}/files`), 'not_found')
      for (const path of ['new.txt', 'a.txt', 'none'])
        expectProblem(await get(`${url}/files/${path}`), 'not_found')
      expectProblem(await get(`${url}/content`), 'not_found')
    })

    it('have limits of their own, and no share in what the owner has left', async () => {
      const { url } = await make({ folder: 'docs', mode: 'upload', bytesMax: 10 })
      expectProblem(await drop(url, 'big', 'x'.repeat(11)), 'too_large')
      await drop(url, 'fits', 'x'.repeat(10)).expect(201)
      const wide = await make({ folder: 'docs', mode: 'upload' })
      expectProblem(await drop(wide.url, 'big', 'x'.repeat(2001)), 'too_large')
      for (let i = 0; i < 4; i++) await drop(wide.url, 'big', 'x'.repeat(2000)).expect(201)
      const full = await drop(wide.url, 'big', 'x'.repeat(2000))
      expectProblem(full, 'quota_exceeded')
      expect((full.body as { detail: string }).detail).toBe('There is no room for this file')
    })

    it('count what was stored, and nothing that failed', async () => {
      const { id, url } = await make({ folder: 'docs', mode: 'upload', usesMax: 2, bytesMax: 10 })
      await drop(url, 'a', 'x').expect(201)
      expectProblem(await drop(url, 'b', 'x'.repeat(11)), 'too_large')
      expectProblem(await drop(url, '%2e%2e/b', 'x'), 'invalid')
      await drop(url, 'b', 'x').expect(201)
      expectProblem(await drop(url, 'c', 'x'), 'gone')
      const link = await service.call('GET', `/v1/links/${id}`, ann.token)
      expect(link.body).toMatchObject({ uses: 2 })
    })
  })

  describe('that do not work', () => {
    it('are all answered alike to who has no token', async () => {
      const { id, url } = await make({ folder: 'docs', password: 'secret' })
      const revoked = await make({ folder: 'docs' })
      await service.call('DELETE', `/v1/links/${revoked.id}`, ann.token).expect(204)
      const none = url.slice(0, 6) + (url[6] === 'A' ? 'B' : 'A') + url.slice(7)
      const other = `/s/gl_${id}.${'A'.repeat(43)}`
      const urls = [revoked.url, none, other, '/s/gl_x', `/s/${ann.token}`, '/s/%00']
      for (const rest of ['', '/content', '/files', '/files/a.txt']) {
        const answers = await Promise.all(urls.map((one) => get(one + rest)))
        expectProblem(answers[0]!, 'not_found')
        const alike = answers.map((answer) => JSON.stringify(withoutIds(answer)))
        expect(new Set(alike).size).toBe(1)
      }
    })

    it('are gone when they have expired, at that very time', async () => {
      const expiresAt = new Date(service.nowMs + 1000).toISOString()
      const { url } = await make({ folder: 'docs', expiresAt })
      service.nowMs += 999
      await get(`${url}/files/a.txt`).expect(200)
      service.nowMs += 1
      for (const rest of ['', '/content', '/files', '/files/a.txt'])
        expectProblem(await get(url + rest), 'gone')
    })

    it('are none to the routes of sessions, nor sessions to theirs', async () => {
      const { token, url } = await make({ folder: 'docs' })
      expectProblem(await service.call('GET', '/v1/account', token), 'unauthenticated')
      expectProblem(await service.call('GET', `/s/${ann.token}`), 'not_found')
      // Who has both is a visitor there like any other.
      await service.call('GET', `${url}/files/a.txt`, ann.token).expect(200)
    })
  })

  it('show browsers a page on which nothing runs', async () => {
    await putFile(service, ann, '%3Cscript%3Ealert(1)%3C%2Fscript%3E'.replace('%2F', '')).expect(
      201,
    )
    const { url } = await make({ path: '<script>alert(1)<script>' })
    const page = await get(url).set('Accept', 'text/html,*/*;q=0.8').expect(200)
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none';/) as string,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      vary: 'Accept',
    })
    expect(page.text).toContain(`href="${url}/content?download"`)
    expect(page.text).not.toContain('<script')
    const locked = await make({ folder: 'docs', password: 'secret' })
    const refused = await get(locked.url).set('Accept', 'text/html').expect(401)
    expect(refused.headers['www-authenticate']).toMatch(/^Basic /)
  })
})

function pathsOf({ body }: Response): string[] {
  return (body as { files: { path: string }[] }).files.map(({ path }) => path)
}
