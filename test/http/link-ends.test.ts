import { makeLink, putFile, withPassword } from '../support/http/links'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'

describe('links', () => {
  let service: TestService
  let sibling: TestService
  let admin: TestAccount
  let ann: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ settings: { links: { useWindowMs: 60_000 } } })
    admin = await service.makeAdmin()
    sibling = await service.startSibling()
    sibling.nowMs = service.nowMs
  })
  afterAll(async () => {
    await sibling.close()
    await service.stop()
  })
  beforeEach(async () => {
    ann = await service.makeMember(admin)
    for (const path of ['docs/a.txt', 'docs/b/c.txt'])
      await putFile(service, ann, path, `of ${path}`).expect(201)
  })

  const make = (terms: Record<string, unknown>) => makeLink(service, ann, terms)
  const get = (path: string) => service.call('GET', path)

  describe('that count', () => {
    it('give as many downloads as they say, and others nothing', async () => {
      const { url } = await make({ path: 'docs/a.txt', usesMax: 2 })
      const content = `${url}/content`
      const { headers } = await service.call('HEAD', content).expect(200)
      const tag = headers['etag'] as string
      await get(content).set('If-None-Match', tag).expect(304)
      await get(content).set('If-Match', '"x"').expect(412)
      await get(content).set('Range', 'bytes=99-').expect(416)
      await get(content).expect(200)
      await get(content).set('Range', 'bytes=0-3').expect(206)
      for (const path of [url, content]) expectProblem(await get(path), 'gone')
    })

    it('let a download be continued for a while, at no cost', async () => {
      const { url } = await make({ folder: 'docs', usesMax: 1 })
      const part = (path: string) => get(`${url}/files/${path}`).set('Range', 'bytes=3-')
      await get(`${url}/files/a.txt`).expect(200)
      await part('a.txt').expect(206)
      await part('b/c.txt').expect(410)
      service.nowMs += 59_999
      await part('a.txt').expect(206)
      service.nowMs += 1
      await part('a.txt').expect(410)
      await get(`${url}/files`).expect(410)
    })

    it('are used exactly so often, however many ask at once of several workers', async () => {
      const { url } = await make({ path: 'docs/a.txt', usesMax: 7 })
      const asked = Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? service : sibling).call('GET', `${url}/content`),
      )
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(7)
      expect(statuses.filter((status) => status === 410)).toHaveLength(43)
    })
  })

  describe('that are revoked', () => {
    it('do not work from the next request on, at any worker', async () => {
      const { id, url } = await make({ folder: 'docs', password: 'secret' })
      const read = (of: TestService) => withPassword(of.call('GET', `${url}/files/a.txt`), 'secret')
      await read(service).expect(200)
      await read(sibling).expect(200)
      let revoked = false
      const late: number[] = []
      const readers = [service, sibling].map(async (of) => {
        for (let more = 5; more > 0;) {
          const isLate = revoked
          const { status } = await read(of)
          if (isLate) late.push(status)
          if (isLate) more--
        }
      })
      await service.call('DELETE', `/v1/links/${id}`, ann.token).expect(204)
      revoked = true
      await Promise.all(readers)
      expect(late).toEqual(Array.from({ length: 10 }, () => 404))
    })

    it('end with the right of who made them, and come back with it', async () => {
      const bob = await service.makeMember(admin)
      const grant = (right: string) =>
        service
          .call('POST', '/v1/grants', ann.token)
          .send({ owner: ann.name, folder: 'docs', to: { account: bob.name }, right })
      const { id } = (await grant('manage').expect(201)).body as { id: string }
      const link = (terms: object) =>
        makeLink(service, bob, { owner: ann.name, folder: 'docs', ...terms })
      const links = [
        await link({}),
        await link({ mode: 'upload' }),
        await link({ folder: 'docs/b' }),
        await makeLink(service, bob, { owner: ann.name, path: 'docs/a.txt' }),
      ]
      const statuses = async () =>
        (await Promise.all(links.map(({ url }) => get(url)))).map(({ status }) => status)
      expect(await statuses()).toEqual([200, 200, 200, 200])
      await grant('edit').expect(200)
      expect(await statuses()).toEqual([404, 404, 404, 404])
      const put = await service.call('PUT', `${links[1]!.url}/files/new`).send('x')
      expectProblem(put, 'not_found')
      await grant('manage').expect(200)
      expect(await statuses()).toEqual([200, 200, 200, 200])
      await service.call('DELETE', `/v1/grants/${id}`, ann.token).expect(204)
      expect(await statuses()).toEqual([404, 404, 404, 404])
      // Whoever owns the place revokes any link to it.
      await service.call('DELETE', `/v1/links/${links[0]!.id}`, ann.token).expect(204)
    })

    it('end with the account that made them', async () => {
      const { url } = await make({ folder: 'docs' })
      await get(url).expect(200)
      const { password } = ann
      await service.call('DELETE', '/v1/account', ann.token).send({ password }).expect(204)
      expectProblem(await get(url), 'not_found')
    })
  })
})
