import { waitUntil } from '../support/service/wait-until'
import { holdOpen, rawExchange, statusesOf } from '../support/http/raw-exchange'
import { expectProblem } from '../support/http/problems'
import { TestService, password, type TestAccount } from '../support/http/test-service'

describe('what a request must be', () => {
  let service: TestService
  let admin: TestAccount

  beforeAll(async () => {
    service = await TestService.start({
      settings: { http: { bodyIdleTimeoutMs: 200, headersTimeoutMs: 500 } },
    })
    admin = await service.makeAdmin()
  })
  afterEach(async () => {
    expect({}).not.toHaveProperty('polluted')
    await service.call('GET', '/healthz').expect(200)
  })
  afterAll(() => service.stop())

  describe('its verb and path', () => {
    test.each([
      ['/healthz', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE']],
      ['/v1/accounts', 'POST, OPTIONS', ['GET', 'HEAD', 'PUT', 'DELETE']],
      ['/v1/account', 'GET, HEAD, DELETE, OPTIONS', ['POST', 'PUT', 'PATCH']],
      ['/v1/account/password', 'PUT, OPTIONS', ['GET', 'POST', 'DELETE']],
      ['/v1/sessions', 'POST, GET, HEAD, OPTIONS', ['PUT', 'DELETE']],
      ['/v1/session', 'DELETE, OPTIONS', ['GET', 'POST', 'PUT']],
      ['/v1/files', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'DELETE']],
      ['/v1/files/root/a', 'PUT, GET, HEAD, DELETE, PATCH, POST, OPTIONS', ['TRACE']],
    ])('%s has %s and refuses the rest', async (path, allow, others) => {
      for (const method of others) {
        const answer = await service.call(method, path, admin.token)
        expect(answer.headers.allow).toBe(allow)
        if (method === 'HEAD') expect(answer.status).toBe(405)
        else expectProblem(answer, 'method_not_allowed')
      }
      const options = await service.call('OPTIONS', path).expect(204)
      expect(options.headers.allow).toBe(allow)
      expect(options.headers).not.toHaveProperty('access-control-allow-origin')
    })

    test.each([
      '/',
      '/V1/account',
      '/v1/account/',
      '/v1/Sessions',
      '/v1//account',
      '/v1/account/x',
    ])('there is nothing at %s', async (path) => {
      expectProblem(await service.call('GET', path, admin.token), 'not_found')
    })

    test('a path that is not validly encoded is refused', async () => {
      const answer = await service.call('DELETE', '/v1/sessions/%E0%A4%A', admin.token)
      expectProblem(answer, 'invalid', 'path')
    })

    test('nothing in a request changes its verb', async () => {
      const answer = await service
        .call('POST', '/v1/session?_method=DELETE', admin.token)
        .set('X-HTTP-Method-Override', 'DELETE')
        .send({ _method: 'DELETE' })
      expectProblem(answer, 'method_not_allowed')
      await service.call('GET', '/v1/account', admin.token).expect(200)
    })

    test.each(['?limit=1&limit=2', '?limit[x]=1', '?__proto__[x]=1', '?limit=many', '?surprise=1'])(
      'the query %s is refused',
      async (query) => {
        expectProblem(await service.call('GET', `/v1/files${query}`, admin.token), 'invalid')
      },
    )
  })

  describe('its body', () => {
    const logIn = (body: string | Buffer, type = 'application/json') =>
      service
        .call('POST', '/v1/sessions')
        .set('Content-Type', type)
        .serialize((bytes: unknown) => bytes as string)
        .send(body)

    const good = JSON.stringify({ name: 'root', password })

    test.each([
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON;charset="UTF-8"',
    ])('may be %s', async (type) => {
      await logIn(good, type).expect(201)
    })

    test.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'application/json; charset=utf-7',
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'application/problem+json',
    ])('may not be %s', async (type) => {
      expectProblem(await logIn(good, type), 'unsupported', 'Content-Type')
    })

    test('may not be compressed', async () => {
      const answer = await logIn(good).set('Content-Encoding', 'gzip')
      expectProblem(answer, 'unsupported', 'Content-Encoding')
    })

    test.each([
      ['nothing', ''],
      ['half a document', '{"name":'],
      ['a byte order mark', `\ufeff${good}`],
      ['no number that JSON has', '{"name":NaN,"password":"x"}'],
      ['something after the document', `${good}x`],
      ['a single value', '"root"'],
      ['a list', '[]'],
      ['null', 'null'],
      ['a number that is too large', '{"name":1e400,"password":"x"}'],
      ['a deep document', '['.repeat(30_000)],
      ['a deep and whole document', `${'['.repeat(33)}${']'.repeat(33)}`],
      ['a key of every object', `{"__proto__":{"polluted":1},${good.slice(1)}`],
      ['a constructor', `{"constructor":{"prototype":{"polluted":1}},${good.slice(1)}`],
      ['a key too many', `{"toString":1,${good.slice(1)}`],
      ['thousands of keys', `{${Array.from({ length: 4000 }, (_, n) => `"k${n}":1`).join(',')}}`],
      ['bytes that are no UTF-8', Buffer.from('{"name":"\xff","password":"x"}', 'latin1')],
    ])('with %s is refused', async (_what, body) => {
      expectProblem(await logIn(body), 'invalid')
    })

    test('may nest where strings hold brackets', async () => {
      const answer = await logIn(JSON.stringify({ name: '[{"'.repeat(50), password }))
      expectProblem(answer, 'unauthenticated')
    })

    test('of a megabyte is refused before it is sent, hashed or parsed', async () => {
      const answer = await logIn(JSON.stringify({ name: 'root', password: 'x'.repeat(1e6) }))
      expectProblem(answer, 'too_large', 'body')
    })

    test('of a megabyte without a stated length is refused as well', async () => {
      const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`
      const head = 'POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
      const received = await rawExchange(
        service.port,
        `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(16)}0\r\n\r\n`,
      )
      expect(statusesOf(received)).toEqual([413])
      expect(received).toMatch(/^Connection: close\r$/m)
    })

    test('is asked for only when it is wanted', async () => {
      const expectContinue = 'Host: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n'
      const head = `POST /v1/sessions HTTP/1.1\r\n${expectContinue}Connection: close\r\n`
      const tooLong = await rawExchange(service.port, `${head}Content-Length: 1000000\r\n\r\n`)
      expect(statusesOf(tooLong)).toEqual([413])
      const wanted = `${head}Content-Length: ${good.length}\r\n\r\n${good}`
      expect(statusesOf(await rawExchange(service.port, wanted))).toEqual([100, 201])
    })

    test('that stands still ends the request', async () => {
      const head = 'POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
      const received = await rawExchange(service.port, `${head}Content-Length: 100\r\n\r\n{"name"`)
      expect(statusesOf(received)).toEqual([400])
      expect(received).toContain('stood still')
    })
  })

  describe('its framing', () => {
    test.each([
      ['both a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
      ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
      ['a signed length', 'Content-Length: +5\r\n'],
      ['a list of lengths', 'Content-Length: 5, 5\r\n'],
      ['an unknown coding', 'Transfer-Encoding: xchunked\r\n'],
      ['chunks that are not the last coding', 'Transfer-Encoding: chunked, identity\r\n'],
      ['a space before the colon', 'Content-Length : 5\r\n'],
      ['a folded line', 'X-A: 1\r\n 2\r\n'],
      ['a NUL', 'X-A: a\0b\r\n'],
      ['a bare carriage return', 'X-A: a\rb\r\n'],
    ])('with %s is refused', async (_what, headers) => {
      const received = await rawExchange(
        service.port,
        `POST /v1/sessions HTTP/1.1\r\nHost: x\r\n${headers}\r\nhello`,
      )
      expect(statusesOf(received)).toEqual([400])
      expect(received).toMatch(/^Content-Type: application\/problem\+json\r$/m)
    })

    test('without a Host is refused', async () => {
      const received = await rawExchange(service.port, 'GET /healthz HTTP/1.1\r\n\r\n')
      expect(statusesOf(received)).toEqual([400])
    })

    test('with headers that are too large is refused', async () => {
      const large = `X-A: ${'a'.repeat(20_000)}\r\n`
      const head = 'GET /healthz HTTP/1.1\r\nHost: x\r\n'
      expect(statusesOf(await rawExchange(service.port, `${head}${large}\r\n`))).toEqual([431])
    })

    test('with headers that never end is given up', async () => {
      const received = await rawExchange(service.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n')
      expect(statusesOf(received)).toEqual([408])
    })

    test('is one request, even when a second is hidden in the body of the first', async () => {
      const hidden = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'
      const received = await rawExchange(
        service.port,
        `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      )
      expect(statusesOf(received)).toEqual([200])
    })

    test.each(['/nowhere', '/v1/account', '/v1/sessions'])(
      'lets the connection go on after a refusal: %s',
      async (path) => {
        const ask = `DELETE ${path} HTTP/1.1\r\nHost: x\r\n`
        const received = await rawExchange(
          service.port,
          `${ask}\r\n${ask}Content-Length: 0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        )
        expect(statusesOf(received)).toHaveLength(3)
        expect(statusesOf(received).at(-1)).toBe(200)
      },
    )

    test('cannot put a line into the answer through its id', async () => {
      const { headers } = await service.call('GET', '/healthz').set('X-Request-Id', 'a b<script>')
      expect(headers['x-request-id']).not.toContain('script')
      const kept = await service.call('GET', '/healthz').set('X-Request-Id', 'mine-1')
      expect(kept.headers['x-request-id']).toBe('mine-1')
    })
  })

  test('every answer forbids guessing, framing and caching', async () => {
    for (const path of ['/healthz', '/v1/account', '/nowhere']) {
      const { headers } = await service.call('GET', path)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
      })
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })
})

describe('a worker at its limit', () => {
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start({ settings: { http: { requestsInFlightMax: 2 } } })
  })
  afterAll(() => service.stop())

  test('refuses what exceeds it, and recovers', async () => {
    const head = 'POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
    const waiting = `${head}Content-Length: 1\r\nExpect: 100-continue\r\n\r\n`
    const held = await Promise.all([
      holdOpen(service.port, waiting),
      holdOpen(service.port, waiting),
    ])
    const refused = await service.call('GET', '/healthz')
    expectProblem(refused, 'unavailable')
    expect(refused.headers['retry-after']).toBe('1')
    held.forEach((release) => release())
    await waitUntil('there is room', async () => {
      return (await service.call('GET', '/healthz')).status === 200
    })
  })
})

describe('a worker with too many passwords to check', () => {
  let service: TestService

  beforeAll(async () => {
    const passwords = { concurrentMax: 1, queueMax: 1, argon2MemoryKib: 19_456, argon2Passes: 12 }
    service = await TestService.start({ settings: { passwords } })
    await service.makeAdmin()
  })
  afterAll(() => service.stop())

  test('turns logins away with a time to come back', async () => {
    const body = { name: 'root', password }
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => service.call('POST', '/v1/sessions').send(body)),
    )
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(2)
    expect(refused.length).toBeGreaterThanOrEqual(1)
    for (const answer of refused) {
      expectProblem(answer, 'unavailable')
      expect(answer.headers['retry-after']).toBe('1')
    }
  })
})
