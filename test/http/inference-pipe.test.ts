import { once } from 'node:events'
import { request, type IncomingMessage, type RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { StandInEngine } from '../support/http/stand-in-engine'
import { TestService, type TestAccount } from '../support/http/test-service'
import { waitUntil } from '../support/service/wait-until'

const infer = '/v2/models/m/infer'

describe('/v2 without nginx', () => {
  let service: TestService
  let admin: TestAccount
  let engines: StandInEngine[] = []

  beforeAll(async () => {
    const settings = { cluster: { workers: 1, engines: 2 }, inference: { deadlineMs: 10 } }
    service = await TestService.start({ settings })
    admin = await service.makeAdmin()
  })
  afterEach(async () => {
    for (const engine of engines) await engine.stop()
    engines = []
  })
  afterAll(() => service.stop())

  async function startEngine(slot: number, answer: RequestListener): Promise<StandInEngine> {
    const engine = await StandInEngine.start(service.scratch.paths.socket(`engine-${slot}`), answer)
    engines.push(engine)
    return engine
  }

  const echo: RequestListener = (req, res) => {
    void buffer(req).then((body) => {
      res.setHeader('X-From-Engine', 'yes').setHeader('Content-Type', 'application/octet-stream')
      res.end(body)
    })
  }

  test('passes the request and its answer through, as they are', async () => {
    const engine = await startEngine(1, echo)
    const tensor = Buffer.alloc(3 * 1024 * 1024, 'tensor')
    const answer = await service
      .call('POST', `${infer}?a=%2F`, admin.token)
      .set('Content-Type', 'application/octet-stream')
      .set('Inference-Header-Content-Length', '12')
      .set('X-Request-Id', 'mine-2')
      .send(tensor)
      .expect(200)
    expect((answer.body as Buffer).equals(tensor)).toBe(true)
    expect(answer.headers).toMatchObject({ 'x-from-engine': 'yes', 'x-request-id': 'mine-2' })
    const [seen] = engine.requests
    expect(seen!.url).toBe(`${infer}?a=%2F`)
    expect(seen!.headers).toMatchObject({
      'inference-header-content-length': '12',
      'x-request-id': 'mine-2',
      'x-gristmill-account': admin.id,
    })
  })

  test('passes a body without a stated length', async () => {
    await startEngine(1, echo)
    const req = request({
      port: service.port,
      method: 'POST',
      path: infer,
      headers: { authorization: `Bearer ${admin.token}` },
    })
    req.write('one')
    req.end('two')
    const [answer] = (await once(req, 'response')) as [IncomingMessage]
    expect((await buffer(answer)).toString()).toBe('onetwo')
  })

  test('tells an engine nothing that the client made up, and no credential', async () => {
    const engine = await startEngine(1, echo)
    await service
      .call('POST', infer, admin.token)
      .set('X-Gristmill-Account', 'someone-else')
      .set('X-Gristmill-Anything', 'x')
      .set('Cookie', 'a=b')
      .send('x')
      .expect(200)
    const { headers } = engine.requests[0]!
    expect(headers['x-gristmill-account']).toBe(admin.id)
    for (const name of ['authorization', 'cookie', 'x-gristmill-anything'])
      expect(headers).not.toHaveProperty(name)
  })

  test('needs a token, but for the health of the engines', async () => {
    const engine = await startEngine(1, echo)
    const paths = ['/v2', '/v2/models/m', infer, '/v2/health/../models/m', '/v2/health/livex']
    for (const path of paths) {
      const { status, headers, text } = await service.call('GET', path)
      expect(status).toBe(401)
      expect(JSON.parse(text)).toEqual({ error: expect.any(String) as string })
      expect(headers['content-type']).toBe('application/json')
      expect(headers['www-authenticate']).toBe('Bearer')
    }
    expect(engine.requests).toHaveLength(0)
    await service.call('GET', '/v2/health/live').expect(200)
    await service.call('GET', '/v2/health/ready').expect(200)
  })

  test('without a ready engine answers 503 and when to come back', async () => {
    const answer = await service.call('POST', infer, admin.token).send('x').expect(503)
    const body = answer.body as unknown
    const { headers } = answer
    expect(body).toEqual({ error: 'Not available for the moment' })
    expect(headers['retry-after']).toBe('1')
  })

  test('goes on to the next engine when one refuses', async () => {
    const engine = await startEngine(2, echo)
    for (let n = 0; n < 4; n++) await service.call('POST', infer, admin.token).send('x').expect(200)
    expect(engine.requests).toHaveLength(4)
  })

  test('spreads requests over the engines by what they have in hand', async () => {
    const waiting: (() => void)[] = []
    const hold: RequestListener = (req, res) => {
      req.resume()
      waiting.push(() => res.end())
    }
    const first = await startEngine(1, hold)
    const second = await startEngine(2, hold)
    const calls = Array.from({ length: 6 }, () =>
      service.call('POST', infer, admin.token).send('x').expect(200).then(),
    )
    await waitUntil('all have arrived', () => waiting.length === 6)
    expect([first.requests.length, second.requests.length]).toEqual([3, 3])
    waiting.forEach((release) => release())
    await Promise.all(calls)
  })

  test('when the engine dies before it answered, says 503', async () => {
    await startEngine(1, (req) => req.socket.destroy())
    await startEngine(2, (req) => req.socket.destroy())
    const answer = await service.call('POST', infer, admin.token).send('x').expect(503)
    const body = answer.body as unknown
    const { headers } = answer
    expect(body).toEqual({ error: 'Not available for the moment' })
    expect(headers['retry-after']).toBe('1')
  })

  test('when the engine dies within its answer, breaks the connection', async () => {
    const half: RequestListener = (req, res) => {
      res.writeHead(200, { 'Content-Length': 100 })
      res.write('half', () => req.socket.destroy())
    }
    await startEngine(1, half)
    await startEngine(2, half)
    await expect(service.call('POST', infer, admin.token).send('x').then()).rejects.toThrow(
      /aborted|hang up|ECONNRESET/,
    )
  })

  test('an engine that never answers is given up two seconds after the deadline', async () => {
    const engine = await startEngine(1, (req) => req.resume())
    await startEngine(2, (req) => req.resume())
    const body = (await service.call('GET', '/v2/models/m', admin.token).expect(504))
      .body as unknown
    expect(body).toEqual({ error: 'Not finished in time' })
    await waitUntil('the engine is let go', () =>
      engine.requests.every(({ destroyed, socket }) => destroyed && socket.destroyed),
    )
  })

  test('a client that leaves takes its request away from the engine', async () => {
    const hold: RequestListener = (req) => req.resume()
    const both = [await startEngine(1, hold), await startEngine(2, hold)]
    const client = request({
      port: service.port,
      path: '/v2/models/m',
      headers: { authorization: `Bearer ${admin.token}` },
    })
    client.on('error', () => undefined).end()
    const seen = await waitUntil('it has arrived', () => both.flatMap((e) => e.requests)[0])
    const closed = once(seen.socket, 'close')
    client.destroy()
    await closed
  })
})

describe('/v2 that needs no token', () => {
  test('passes requests of anyone on', async () => {
    const service = await TestService.start({ settings: { inference: { requireToken: false } } })
    const path = service.scratch.paths.socket('engine-1')
    const engine = await StandInEngine.start(path, (_req, res) => res.end('{}'))
    await service.call('GET', '/v2').expect(200)
    expect(engine.requests[0]!.headers).not.toHaveProperty('x-gristmill-account')
    await engine.stop()
    await service.stop()
  })
})
