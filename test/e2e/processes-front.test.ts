import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { addSubModel } from '../../perf/bench/models'
import { RawConnection, type RawAnswer } from '../support/files/raw-connection'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const host = 'Host: test'
const close = 'Connection: close'

interface PerfLine {
  n?: string
  rt?: string
  u?: string
  r?: string
}

describe('nginx in front', () => {
  let service: Service
  let headers: { authorization: string }

  beforeAll(async () => {
    const settings = { http: { headersTimeoutMs: 500 } }
    service = await startService({ settings, models: { simple: addSubModel() } })
    headers = await signIn(service)
  })
  afterAll(() => service.dispose())

  async function exchange(...lines: string[]): Promise<RawAnswer> {
    const connection = await RawConnection.open(Number(new URL(service.url).port))
    connection.send(...lines)
    const answer = await connection.answer()
    connection.socket.destroy()
    return answer
  }

  const get = (path: string, ...more: string[]) =>
    exchange(`GET ${path} HTTP/1.1`, host, ...more, close)

  /** What the services wrote about requests so far. */
  function perfLines(): PerfLine[] {
    const run = join(service.perfDirectory, '1')
    const logs = readdirSync(run).filter((name) => /^\d+\.log$/.test(name))
    return logs.flatMap((name) =>
      readFileSync(join(run, name), 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as PerfLine),
    )
  }

  test.each([
    '/internal/authorize',
    '/internal',
    '/INTERNAL/authorize',
    '//internal/authorize',
    '/%69nternal/authorize',
    '/v1/files/../../internal/authorize',
    '/v2/../internal/authorize',
    '/_authorize',
    '/_blobs/',
    '/_blobs/00/00',
    '/_blobs/../primary.json',
    '/_problem',
    '/_missing_blob',
  ])('has nothing at %s', async (path) => {
    const answer = await get(path, `Authorization: ${headers.authorization}`)
    expect(answer.status).toBe(404)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 404, code: 'not_found' })
    expect(answer.headers['x-gristmill-account']).toBeUndefined()
  })

  test('overwrites what clients say about who they are', async () => {
    await get(
      '/v2/models/simple',
      `Authorization: ${headers.authorization}`,
      'X-Gristmill-Account: someone-else',
      'X-Request-Id: chosen-by-me',
    )
    const account = await fetch(`${service.url}/v1/account`, { headers })
    const { id } = (await account.json()) as { id: string }
    const body = JSON.stringify({
      inputs: ['INPUT0', 'INPUT1'].map((name) => ({
        name,
        shape: [1, 16],
        datatype: 'INT32',
        data: Array(16).fill(1),
      })),
    })
    const spoofed = { ...headers, 'x-gristmill-account': 'someone-else' }
    const ran = await fetch(`${service.url}/v2/models/simple/infer`, {
      method: 'POST',
      headers: { ...spoofed, 'content-type': 'application/json', 'x-request-id': 'chosen-by-me' },
      body,
    })
    expect(ran.status).toBe(200)
    const line = await waitUntil('the run is in the perf log', () =>
      perfLines().find(({ n }) => n === 'infer'),
    )
    expect(line.u).toBe(id)
    expect(perfLines().some(({ r }) => r === 'chosen-by-me')).toBe(false)
  })

  test.each([
    ['without a token', []],
    ['with an account named, but no token', ['X-Gristmill-Account: someone']],
    ['with a token that is none', ['Authorization: Bearer gm_AAAAAAAAAAAAAAAAAAAAAA.BBBB']],
  ])('refuses inference %s', async (_, lines) => {
    const answer = await get('/v2/models/simple', ...lines)
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(JSON.parse(answer.body.toString())).toEqual({
      error: 'A valid session token is needed',
    })
  })

  test('asks for no token at /v2/health', async () => {
    expect((await get('/v2/health/ready')).status).toBe(200)
    expect((await get('/v2/health/live')).status).toBe(200)
  })

  test('lets a revoked session run models for no longer than its second', async () => {
    const own = { 'content-type': 'application/json' }
    const session = await fetch(`${service.url}/v1/sessions`, {
      method: 'POST',
      headers: own,
      body: JSON.stringify({ name: 'root', password: 'correct horse battery' }),
    })
    const { token } = (await session.json()) as { token: string }
    const bearer = { authorization: `Bearer ${token}` }
    const ask = async () => {
      const answer = await fetch(`${service.url}/v2/models/simple`, { headers: bearer })
      await answer.arrayBuffer()
      return answer.status
    }
    expect(await ask()).toBe(200)
    const gone = await fetch(`${service.url}/v1/session`, { method: 'DELETE', headers: bearer })
    expect(gone.status).toBe(204)
    await waitUntil('the session is refused', async () => (await ask()) === 401)
  })

  const problems: [string, number, string[]][] = [
    ['two lengths', 400, ['POST / HTTP/1.1', host, 'Content-Length: 1', 'Content-Length: 2']],
    [
      'a length and chunks',
      400,
      ['POST / HTTP/1.1', host, 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    ],
    ['no host', 400, ['GET / HTTP/1.1']],
    ['two hosts', 400, ['GET / HTTP/1.1', host, 'Host: other']],
    ['a line that is none', 400, ['nonsense']],
    ['a space before the colon', 400, ['GET / HTTP/1.1', host, 'Content-Length : 1']],
    ['TRACE', 405, ['TRACE / HTTP/1.1', host]],
    ['an invented verb', 405, ['BREW / HTTP/1.1', host]],
    ['an address that is too long', 414, [`GET /${'a'.repeat(12_000)} HTTP/1.1`, host]],
    [
      'a JSON body that is too large',
      413,
      ['POST /v1/sessions HTTP/1.1', host, 'Content-Length: 9999999'],
    ],
  ]

  test.each(problems)('answers %s with %i as a problem', async (_, status, lines) => {
    const answer = await exchange(...lines)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status })
  })

  test('answers a tensor that is too large as the protocol says', async () => {
    const answer = await exchange(
      'POST /v2/models/simple/infer HTTP/1.1',
      host,
      `Authorization: ${headers.authorization}`,
      'Content-Length: 999999999',
    )
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.body.toString())).toEqual({
      error: 'request body size exceeds the maximum allowed input size of 67108864 bytes',
    })
  })

  test('sees one request where the body of a GET looks like another', async () => {
    const inner = ['GET /v1/nowhere-else HTTP/1.1', host]
    const length = Buffer.byteLength(`${inner.join('\r\n')}\r\n\r\n`)
    const seen = (route: string) => perfLines().filter(({ rt }) => rt === route).length
    const before = { asked: seen('GET /healthz'), smuggled: seen('unmatched') }
    await exchange('GET /healthz HTTP/1.1', host, `Content-Length: ${length}`, '', ...inner)
    await exchange('GET /v1/openly HTTP/1.1', host)
    await waitUntil(
      'both are in the perf log',
      () => seen('unmatched') > before.smuggled && seen('GET /healthz') > before.asked,
    )
    expect(seen('unmatched')).toBe(before.smuggled + 1)
    expect(seen('GET /healthz')).toBe(before.asked + 1)
  })

  test('ends a client that is slow with its headers', async () => {
    const connection = await RawConnection.open(Number(new URL(service.url).port))
    connection.socket.write('GET /healthz HTTP/1.1\r\n')
    await connection.whenClosed()
  })

  test('takes a content that is gone for a fault of the service, not of the caller', async () => {
    const path = '/v1/files/root/lost'
    await fetch(service.url + path, { method: 'PUT', headers, body: 'content' })
    const blobs = join(service.dataDirectory, 'blobs')
    for (const name of readdirSync(blobs, { recursive: true, encoding: 'utf8' }))
      if (statSync(join(blobs, name)).isFile()) rmSync(join(blobs, name))
    const answer = await fetch(service.url + path, { headers })
    expect(answer.status).toBe(500)
    expect(await answer.json()).toMatchObject({ code: 'internal' })
  })

  test('says that nothing is there for the moment while all workers are away', async () => {
    service.pids('worker').forEach((pid) => process.kill(pid, 'SIGSTOP'))
    service.pids('worker').forEach((pid) => process.kill(pid, 'SIGKILL'))
    const answer = await waitUntil('a request fails', async () => {
      const tried = await get('/healthz')
      return tried.status === 503 && tried
    })
    expect(answer.headers['retry-after']).toBe('1')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'unavailable' })
    await service.ready()
  })
})

test('without nginx the inner doors are not there either', async () => {
  const service = await startService({ nginx: false })
  try {
    const headers = await signIn(service)
    for (const path of ['/internal/authorize', '/_authorize', '/_blobs/x']) {
      const answer = await fetch(service.url + path, { headers })
      expect(answer.status).toBe(404)
    }
  } finally {
    await service.dispose()
  }
})
