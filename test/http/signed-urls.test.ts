import { putFile, withoutIds } from '../support/http/links'
import { expectProblem } from '../support/http/problems'
import { TestService, password, type TestAccount } from '../support/http/test-service'

describe('signed URLs', () => {
  let service: TestService
  let admin: TestAccount
  let ann: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ settings: { signedUrls: { lifetimeMsMax: 60_000 } } })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())
  beforeEach(async () => {
    ann = await service.makeMember(admin)
    await putFile(service, ann, 'docs/a.txt', 'hello').expect(201)
  })

  const ask = (terms: Record<string, unknown> = {}, by = ann) => {
    const body = { owner: ann.name, path: 'docs/a.txt', method: 'GET', expiresInS: 60, ...terms }
    return service.call('POST', '/v1/signed-urls', by.token).send(body)
  }
  const sign = async (terms: Record<string, unknown> = {}) =>
    ((await ask(terms).expect(201)).body as { url: string }).url
  const get = (url: string) => service.call('GET', url)

  it('give a file to who has no session', async () => {
    const made = await ask().expect(201)
    const { url, expiresAt } = made.body as { url: string; expiresAt: string }
    expect(expiresAt).toBe(new Date(service.nowMs + 60_000).toISOString())
    const whole = await get(url).expect(200, 'hello')
    expect(whole.headers).toMatchObject({
      ...{ 'cache-control': 'private, no-cache', 'referrer-policy': 'no-referrer' },
    })
    await get(url).set('Range', 'bytes=1-2').expect(206, 'el')
    await service.call('HEAD', url).expect(200)
    const tag = whole.headers['etag'] as string
    await get(url).set('If-None-Match', tag).expect(304)
    const saved = await sign({ disposition: 'attachment' })
    await get(saved).expect('Content-Disposition', /^attachment/)
  })

  it('take a file, new or in the place of one', async () => {
    const url = await sign({ method: 'PUT', path: 'new', bytesMax: 5 })
    const put = (content: string) => service.call('PUT', url).send(content)
    await put('one').expect(201)
    await put('three').expect(200)
    expectProblem(await put('larger'), 'too_large')
    expectProblem(await put('x').set('If-None-Match', '*'), 'precondition_failed')
    const read = service.call('GET', `/v1/files/${ann.name}/new`, ann.token)
    await read.expect(200, 'three')
  })

  it('are for one verb, one file and one path', async () => {
    expectProblem(await get(await sign({ method: 'PUT' })), 'not_found')
    const url = await sign()
    expectProblem(await service.call('PUT', url).send('x'), 'not_found')
    await putFile(service, ann, 'docs/a.txt', 'newer').expect(200)
    await get(url).expect(200, 'newer')
    const path = `/v1/files/${ann.name}/docs/a.txt`
    await service.call('DELETE', path, ann.token).expect(204)
    expectProblem(await get(url), 'not_found')
    await putFile(service, ann, 'docs/a.txt', 'another').expect(201)
    expectProblem(await get(url), 'not_found')
  })

  it('end at their time', async () => {
    const url = await sign({ expiresInS: 10 })
    service.nowMs += 9_999
    await get(url).expect(200)
    service.nowMs += 1
    expectProblem(await get(url), 'gone')
  })

  it('end when the sessions of their maker do, and with the account', async () => {
    const [first, last] = [await sign(), await sign({ method: 'PUT' })]
    const change = { currentPassword: password, newPassword: password }
    await service.call('PUT', '/v1/account/password', ann.token).send(change).expect(204)
    expectProblem(await get(first), 'gone')
    expectProblem(await service.call('PUT', last).send('x'), 'gone')
    const again = await sign()
    await service.call('DELETE', '/v1/account', ann.token).send({ password }).expect(204)
    expectProblem(await get(again), 'gone')
  })

  it('are none when a letter of them was changed, all alike', async () => {
    const url = await sign()
    const [payload, signature] = url.slice(3).split('.') as [string, string]
    const statement = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const later = Buffer.from(JSON.stringify({ ...statement, x: 9e15 })).toString('base64url')
    const other = signature.startsWith('A') ? 'B' : 'A'
    const forged = [
      `${later}.${signature}`,
      `${payload}.${other}${signature.slice(1)}`,
      `${payload}.${signature}.`,
      `${payload}.${signature}=`,
      payload,
      `.${signature}`,
      `${payload}.`,
      '%00',
    ]
    const answers = await Promise.all(forged.map((token) => get(`/d/${token}`)))
    expectProblem(answers[0]!, 'not_found')
    expect(new Set(answers.map((one) => JSON.stringify(withoutIds(one)))).size).toBe(1)
  })

  it('are made within limits, for what their maker may do', async () => {
    expectProblem(await ask({ expiresInS: 61 }), 'invalid', 'expiresInS')
    expectProblem(await ask({ expiresInS: 0 }), 'invalid', 'expiresInS')
    expectProblem(await ask({ path: '../x' }), 'invalid', 'path')
    expectProblem(await ask({ method: 'DELETE' }), 'invalid', 'method')
    expectProblem(await ask({ path: 'none' }), 'not_found')
    const stranger = await service.makeMember(admin)
    expectProblem(await ask({}, stranger), 'not_found')
    expectProblem(await ask({ method: 'PUT', path: 'x' }, stranger), 'not_found')
    await get(((await ask({}, admin).expect(201)).body as { url: string }).url).expect(200)
  })
})
