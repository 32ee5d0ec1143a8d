import { makeLink, putFile, withoutIds, withPassword, type TestLink } from '../support/http/links'
import { TestService, type TestAccount } from '../support/http/test-service'

describe('a link with a password', () => {
  let service: TestService
  let sibling: TestService
  let ann: TestAccount
  let link: TestLink

  beforeAll(async () => {
    service = await TestService.start({
      settings: {
        links: { passwordFailuresMax: 4, passwordLockMs: 60_000, passwordLockMsMax: 200_000 },
      },
    })
    ann = await service.makeMember(await service.makeAdmin())
    sibling = await service.startSibling()
    sibling.nowMs = service.nowMs
    await putFile(service, ann, 'a', 'hello').expect(201)
  })
  afterAll(async () => {
    await sibling.close()
    await service.stop()
  })
  beforeEach(async () => {
    link = await makeLink(service, ann, { path: 'a', password: 'geheim ☃' })
  })

  const read = (password: string, of = service) =>
    withPassword(of.call('GET', `${link.url}/content`), password)
  const change = (changes: object) =>
    service.call('PATCH', `/v1/links/${link.id}`, ann.token).send(changes).expect(200)
  const waitFor = (ms: number) => (sibling.nowMs = service.nowMs += ms)

  it('shows no more than that, until it is given', async () => {
    const seen = await service.call('GET', link.url).expect(200)
    expect(seen.body).toEqual({
      ...{ kind: 'file', mode: 'view', needsPassword: true, name: null, size: null },
      ...{ contentType: null, bytesMax: null, expiresAt: null },
    })
    const known = await withPassword(service.call('GET', link.url), 'geheim ☃').expect(200)
    expect(known.body).toMatchObject({ name: 'a', size: 5 })
    await withPassword(service.call('GET', link.url), 'wrong').expect(401)
  })

  it('takes it by Basic, whatever the user, or by a header of its own', async () => {
    await read('geheim ☃').expect(200, 'hello')
    await service
      .call('GET', `${link.url}/content`)
      .set('X-Link-Password', Buffer.from('geheim ☃').toString('latin1'))
      .expect(200, 'hello')
  })

  it('answers none and a wrong one alike', async () => {
    const content = `${link.url}/content`
    const answers = await Promise.all([
      service.call('GET', content),
      read('wrong'),
      read('x'.repeat(2000)),
      read(''),
      service.call('GET', content, ann.token),
      service.call('GET', content).set('Authorization', 'Basic !'),
      service.call('GET', content).set('Authorization', `Basic ${btoa('nocolon')}`),
    ])
    expect(answers[0].status).toBe(401)
    expect(answers[0].headers['www-authenticate']).toBe('Basic realm="link", charset="UTF-8"')
    expect(new Set(answers.map((one) => JSON.stringify(withoutIds(one)))).size).toBe(1)
  })

  it('is locked for everybody after too many wrong ones, longer each time', async () => {
    for (let i = 0; i < 4; i++) await read('wrong').expect(401)
    const locked = await read('geheim ☃', sibling).expect(429)
    expect(locked.headers['retry-after']).toBe('60')
    const wrong = await read('wrong').expect(429)
    expect(withoutIds(locked)).toEqual(withoutIds(wrong))
    waitFor(60_000)
    await read('wrong').expect(401)
    expect((await read('wrong').expect(429)).headers['retry-after']).toBe('120')
    waitFor(120_000)
    await read('geheim ☃').expect(200)
  })

  it('is unlocked by who manages it', async () => {
    for (let i = 0; i < 4; i++) await read('wrong').expect(401)
    const shown = await service.call('GET', `/v1/links/${link.id}`, ann.token).expect(200)
    expect(shown.body).toMatchObject({
      lockedUntil: new Date(service.nowMs + 60_000).toISOString(),
    })
    expect((await change({ unlock: true })).body).toMatchObject({ lockedUntil: null })
    await read('geheim ☃').expect(200)
  })

  it('lets through no more guesses than that, however many come at once to several workers', async () => {
    const guesses = Array.from({ length: 40 }, (_, i) =>
      read(`wrong ${i}`, i % 2 === 0 ? service : sibling),
    )
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(4)
    expect(statuses.filter((status) => status === 429)).toHaveLength(36)
  })

  it('counts no right one, however many come at once', async () => {
    for (let round = 0; round < 3; round++) await read('geheim ☃').expect(200)
    waitFor(60_000)
    const asked = await Promise.all([1, 2, 3].map(() => read('geheim ☃', sibling)))
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  it('asks for the new one from the next request on, also where the old one was just right', async () => {
    await read('geheim ☃').expect(200)
    await read('geheim ☃', sibling).expect(200)
    await change({ password: 'another' })
    await read('geheim ☃').expect(401)
    await read('geheim ☃', sibling).expect(401)
    await read('another', sibling).expect(200)
    await change({ password: null })
    await service.call('GET', `${link.url}/content`).expect(200)
  })
})
