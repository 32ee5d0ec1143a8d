import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityModel } from '../../perf/bench/models'
import { RawConnection } from '../support/files/raw-connection'
import {
  body,
  bodyBytesMax,
  framingCases,
  goodRequest,
  type FramingCase,
  type FramingTarget,
  type Way,
} from '../support/http/framing-cases'
import { rawExchange, statusesOf } from '../support/http/raw-exchange'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

interface PerfLine {
  n?: string
  rt?: string
  s?: number
  u?: string
}

const file = '/v1/files/root/framing'
const infer = '/v2/models/echo/infer'

describe.each<Way>(['nginx', 'worker'])('a connection by hand to %s', (way) => {
  let service: Service
  let port: number
  const lines: string[] = []
  const targets: Record<'/v1' | '/v2', FramingTarget> = {
    '/v1': { method: 'PUT', path: file, lines, read: '/v1/account' },
    '/v2': { method: 'POST', path: infer, lines, read: '/v2/models/echo' },
  }

  beforeAll(async () => {
    // One of each: then the lines of a log are in the order of the requests.
    const settings = {
      cluster: { workers: 1, engines: 1 },
      files: { uploadBytesMax: bodyBytesMax },
      inference: { bodyBytesMax },
    }
    const models = { echo: identityModel('uint8', [body.length]) }
    service = await startService({ nginx: way === 'nginx', settings, models })
    port = Number(new URL(service.url).port)
    const { authorization } = await signIn(service)
    lines.push(`Authorization: ${authorization}`, 'Inference-Header-Content-Length: 0')
    await rawExchange(port, goodRequest(targets['/v1']))
    await waitUntil('the file is there', () => runs('/v1') === 1)
  })
  afterAll(() => service.dispose())

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

  /** How many requests to the target's route were carried out: those with a body alone are. */
  function runs(door: keyof typeof targets): number {
    const carriedOut = perfLines().filter(({ s = 500 }) => s < 400)
    const isRun = ({ n, rt }: PerfLine) =>
      door === '/v2' ? n === 'infer' : rt?.startsWith('PUT /v1/files') === true
    return carriedOut.filter(isRun).length
  }

  async function exchange({ bytes, holdsBody = false }: FramingCase, target: FramingTarget) {
    if (!holdsBody) return rawExchange(port, bytes(target))
    const connection = await RawConnection.open(port)
    connection.socket.write(bytes(target))
    const { status, headers, body: content } = await connection.answer()
    connection.socket.destroy()
    return `HTTP/1.1 ${status}\r\nContent-Type: ${headers['content-type']}\r\n\r\n${content.toString()}`
  }

  describe.each(['/v1', '/v2'] as const)('for %s', (door) => {
    test.each(framingCases)('$row: $name', async (one) => {
      const before = runs(door)
      const received = await exchange(one, targets[door])
      expect(statusesOf(received)).toEqual(one.answers[way])
      expectJson(received)
      const next = await rawExchange(port, goodRequest(targets[door]))
      expect(statusesOf(next)).toEqual([200])
      if (door === '/v2') expect(next).toContain(body)
      const after = before + one.runs[way] + 1
      await waitUntil('the good request is in the log', () => runs(door) >= after)
      expect(runs(door)).toBe(after)
    })

    test('E18: a hundred requests in one piece are a hundred answers', async () => {
      const before = runs(door)
      const received = await rawExchange(port, pipelined(targets[door]))
      expect(statusesOf(received)).toEqual(new Array(100).fill(200))
      await waitUntil('all are in the log', () => runs(door) >= before + 100)
      expect(runs(door)).toBe(before + 100)
    })

    test('E18: a hundred requests and a reset leave nothing open', async () => {
      await rawExchange(port, goodRequest(targets[door]))
      const before = openDescriptors()
      for (let round = 0; round < 10; round++) {
        const { socket } = await RawConnection.open(port)
        await new Promise((sent) => socket.write(pipelined(targets[door]), sent))
        socket.resetAndDestroy()
      }
      await waitUntil('all is closed', () => openDescriptors() <= before)
      expect(statusesOf(await rawExchange(port, goodRequest(targets[door])))).toEqual([200])
    })
  })

  /** Of every process of the service. */
  const openDescriptors = () =>
    service.allPids().reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0)

  test.each(Object.keys(targets) as (keyof typeof targets)[])(
    'E16: what %s hears about who and where a client is changes nothing',
    async (door) => {
      const { read, lines: own } = targets[door]
      const ask = (...more: string[]) =>
        rawExchange(
          port,
          [`GET ${read} HTTP/1.1`, 'Host: a', 'Connection: close', ...more, '', ''].join('\r\n'),
        )
      expect(unvarying(await ask(...own, ...claims))).toEqual(unvarying(await ask(...own)))
      expect(statusesOf(await ask(...claims))).toEqual([401])
      const account = await fetch(service.url + targets['/v1'].read, {
        headers: { authorization: own[0]!.slice('Authorization: '.length) },
      })
      const { id } = (await account.json()) as { id: string }
      const known = perfLines().filter(({ u }) => u !== undefined)
      expect(new Set(known.map(({ u }) => u))).toEqual(new Set([id]))
    },
  )

  test.each([
    ['PUT', '/v1/files/root/a%0d%0aX-Injected:%20yes', 400],
    ['PUT', '/v1/files/root/a%0aX-Injected:%20yes', 400],
    ['GET', '/v1/files/root/framing?%0d%0aX-Injected:%20yes', 400],
    ['GET', '/healthz?%0d%0aX-Injected:%20yes', 200],
    ['GET', '/v2/models/a%0d%0aX-Injected:%20yes', 404],
    ['GET', '/v2/models/echo/versions/1%0d%0aX-Injected:%20yes', 404],
    ['GET', '/%0d%0aX-Injected:%20yes', 404],
  ])('E17: %s %s is one answer without a line of its own', async (method, path, status) => {
    const { lines: own } = targets['/v1']
    const head = [`${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...own]
    const received = await rawExchange(
      port,
      [...head, 'X-Request-Id: a%0d%0aX-Injected: yes', 'Content-Length: 0', '', ''].join('\r\n'),
    )
    expect(statusesOf(received)).toEqual([status])
    expect(received).not.toMatch(/^x-injected/im)
  })
})

const claims = [
  'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Proto: https',
  'X_Forwarded_For: 127.0.0.1',
  'X-Real-IP: 127.0.0.1',
  'Forwarded: for=127.0.0.1;host=evil.test',
  'X-User-Id: admin',
  'X-Gristmill-Account: someone-else',
  'X_Gristmill_Account: someone-else',
  'X-Middleware-Subrequest: 1',
  'X-Original-URL: /internal/authorize',
  'X-HTTP-Method-Override: DELETE',
  'X-Accel-Redirect: /_blobs/',
]

/** An answer without what differs each time. */
const unvarying = (received: string) => received.replace(/^(date|x-request-id): .*$/gim, '')

function pipelined(target: FramingTarget): string {
  const request = goodRequest(target)
  return request.replace('Connection: close\r\n', '').repeat(99) + request
}

/** Every refusal says so in JSON, but for those that Node's parser makes without a body. */
function expectJson(received: string): void {
  const [head = '', content = ''] = received.split('\r\n\r\n')
  if (statusesOf(received)[0]! < 400 || !content.includes('{')) return
  expect(head).toMatch(/^Content-Type: application\/(problem\+)?json/im)
  expect(() => JSON.parse(content) as unknown).not.toThrow()
}
