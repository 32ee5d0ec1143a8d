import type { Response } from 'supertest'
import { makeLink, putFile } from '../support/http/links'
import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'

describe('links, for those who share', () => {
  let service: TestService
  let ann: TestAccount
  let bob: TestAccount

  beforeAll(async () => {
    service = await TestService.start({
      settings: { links: { perOwnerMax: 8, labelLengthMax: 20, lifetimeMsMax: 3_600_000 } },
    })
    const admin = await service.makeAdmin()
    ann = await service.makeMember(admin)
    bob = await service.makeMember(admin)
    await putFile(service, ann, 'docs/a.txt').expect(201)
  })
  afterAll(() => service.stop())
  afterEach(async () => {
    const all = await service.call('GET', '/v1/links', ann.token).expect(200)
    for (const id of idsOf(all))
      await service.call('DELETE', `/v1/links/${id}`, ann.token).expect(204)
  })

  const soon = () => new Date(service.nowMs + 60_000).toISOString()
  const make = (terms: Record<string, unknown>) =>
    makeLink(service, ann, { expiresAt: soon(), ...terms })
  const ask = (terms: Record<string, unknown>, by = ann) =>
    service
      .call('POST', '/v1/links', by.token)
      .send({ owner: ann.name, mode: 'view', expiresAt: soon(), ...terms })

  it('are made with a token that is shown once', async () => {
    const expiresAt = soon()
    const terms = { label: 'für ☃', usesMax: 2, bytesMax: 10, password: 'secret', expiresAt }
    const made = await ask({ folder: 'docs', ...terms }).expect(201)
    const { token, url, ...link } = made.body as Record<string, unknown>

    expect(url).toBe(`/s/${token as string}`)
    expect(token).toMatch(/^gl_[\w-]{22}\.[\w-]{43}$/)
    expect(made.headers['location']).toBe(`/v1/links/${link['id'] as string}`)
    expect(link).toEqual({
      id: (token as string).slice(3, 25),
      ...{ owner: ann.name, path: null, folder: 'docs', mode: 'view', label: 'für ☃' },
      ...{ hasPassword: true, lockedUntil: null, uses: 0, usesMax: 2, bytesMax: 10, expiresAt },
      ...{ createdBy: ann.name, createdAt: new Date(service.nowMs).toISOString() },
    })
    const got = await service.call('GET', made.headers['location'] as string, ann.token).expect(200)
    expect(got.body).toEqual(link)
    const all = await service.call('GET', '/v1/links', ann.token).expect(200)
    expect(all.body).toEqual({ links: [link] })
  })

  it('are listed at their place, for who may manage it', async () => {
    const toFile = await make({ path: 'docs/a.txt' })
    const toFolder = await make({ folder: 'docs' })
    const idsAt = async (query: string, by = ann) => {
      const found = await service.call('GET', `/v1/links?${query}`, by.token).expect(200)
      return idsOf(found)
    }
    expect(await idsAt(`owner=${ann.name}&path=docs/a.txt`)).toEqual([toFile.id])
    expect(await idsAt(`owner=${ann.name}&folder=docs`)).toEqual([toFolder.id])
    expect((await idsAt(`owner=${ann.name}`)).sort()).toEqual([toFile.id, toFolder.id].sort())
    expect(await idsAt(`owner=${ann.name}`, bob)).toEqual([])
    const path = `/v1/links?owner=${ann.name}&path=docs/a.txt`
    expectProblem(await service.call('GET', path, bob.token), 'not_found')
    expectProblem(await service.call('GET', '/v1/links?path=a', ann.token), 'invalid', 'owner')
  })

  it('are changed after they were made, also when they have expired', async () => {
    const { id, url } = await make({ folder: 'docs' })
    const change = (changes: object, by = ann) =>
      service.call('PATCH', `/v1/links/${id}`, by.token).send(changes)
    await change({ expiresAt: new Date(service.nowMs - 1).toISOString() }).expect(200)
    await service.call('GET', url).expect(410)
    const expiresAt = soon()
    const changed = await change({ expiresAt, label: 'anew', usesMax: 5 }).expect(200)
    expect(changed.body).toMatchObject({ expiresAt, label: 'anew', usesMax: 5, hasPassword: false })
    await service.call('GET', url).expect(200)
    expectProblem(await change({ mode: 'upload' }), 'invalid', 'mode')
    expectProblem(await change({ label: 'x' }, bob), 'not_found')
    expectProblem(await change({ password: 'new!' }, bob), 'not_found')
  })

  it.each([
    ['a path and a folder', { path: 'docs/a.txt', folder: 'docs' }, 'path'],
    ['neither', {}, 'path'],
    ['uploads into a file', { path: 'docs/a.txt', mode: 'upload' }, 'folder'],
    ['a path that is none', { path: 'docs/../a' }, 'path'],
    ['a folder that is none', { folder: 'docs/' }, 'path'],
    ['a long label', { folder: '', label: 'x'.repeat(21) }, 'label'],
    ['no end, where there must be one', { folder: '', expiresAt: null }, 'expiresAt'],
    ['too late an end', { folder: '', expiresAt: '2999-01-01T00:00:00Z' }, 'expiresAt'],
    ['an end that is no time', { folder: '', expiresAt: 'tomorrow' }, 'expiresAt'],
    ['a short password', { folder: '', password: '123' }, 'password'],
    ['no use at all', { folder: '', usesMax: 0 }, 'usesMax'],
    ['what is no term', { folder: '', token: 'mine' }, 'token'],
  ])('are not made with %s', async (_, terms, field) => {
    expectProblem(await ask(terms), 'invalid', field)
  })

  it('are made by nobody who may not share the place', async () => {
    expectProblem(await ask({ path: 'docs/a.txt' }, bob), 'not_found')
    expectProblem(await ask({ folder: '' }, bob), 'not_found')
    expectProblem(await ask({ path: 'docs/none.txt' }), 'not_found')
    expectProblem(await ask({ folder: '', owner: 'nobody' }), 'not_found')
  })

  it('are so many and no more', async () => {
    for (let i = 0; i < 8; i++) await make({ folder: '' })
    expectProblem(await ask({ folder: '' }), 'conflict')
  })
})

function idsOf({ body }: Response): string[] {
  return (body as { links: { id: string }[] }).links.map(({ id }) => id)
}
