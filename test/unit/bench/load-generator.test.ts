import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { timesOf, type Arrivals } from '../../../perf/bench/load/arrivals'
import { Generator } from '../../../perf/bench/load/generator'
import { requestBytes, type LoadOrder, type LoadResult } from '../../../perf/bench/load/load'
import { Histogram } from '../../../perf/bench/load/histogram'

describe('the load generator', () => {
  let server: Server
  const bodies: string[] = []

  async function run(answer: RequestListener, order: Partial<LoadOrder>): Promise<LoadResult> {
    bodies.length = 0
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks).toString())
        answer(request, response)
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return await new Generator({
      ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      requests: [request('one'), request('two')],
      ...{ arrivals: poisson, durationMs: 200, deadlineMs: Infinity, connectionsMax: 16 },
      ...order,
    }).run()
  }

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const poisson = { kind: 'poisson', perS: 500, seed: 1 } satisfies Arrivals
  const request = (body: string) =>
    requestBytes({ method: 'POST', path: '/', headers: {}, body: Buffer.from(body) })

  const answering =
    (status: number): RequestListener =>
    (_, response) => {
      response.statusCode = status
      response.end('{}')
    }

  function countOf(arrivals: Exclude<Arrivals, { kind: 'closed' }>, durationMs: number): number {
    let count = 0
    for (const at of timesOf(arrivals)) {
      if (at >= durationMs) break
      count++
    }
    return count
  }

  it('sends every request that is due, in turn, and gets every answer', async () => {
    const result = await run((_, response) => response.end('x'.repeat(100_000)), {})
    const offered = countOf(poisson, 200)
    expect(result).toMatchObject({ offered, good: offered, late: 0, shed: 0, failed: 0 })
    expect(result.unanswered).toBe(0)
    expect(Histogram.from(result.latency).count).toBe(offered)
    expect(bodies.filter((body) => body === 'one')).toHaveLength(Math.ceil(offered / 2))
    expect(bodies.filter((body) => body === 'two')).toHaveLength(Math.floor(offered / 2))
  })

  it('tells late answers, refusals and failures apart', async () => {
    const late = await run((_, response) => response.end(), { deadlineMs: 0 })
    expect(late).toMatchObject({ good: 0, late: late.offered })
    server.close()
    const shed = await run(answering(503), {})
    expect(shed).toMatchObject({ shed: shed.offered, good: 0, latency: [] })
    expect(Histogram.from(shed.shedLatency).count).toBe(shed.offered)
    server.close()
    const failed = await run(answering(400), {})
    expect(failed).toMatchObject({ failed: failed.offered, good: 0 })
    expect(failed.failures).toEqual({ 400: failed.offered })
  })

  it('counts answers without a length and broken connections as failures', async () => {
    const chunked = await run((_, response) => {
      response.write('a')
      response.end('b')
    }, {})
    expect(chunked.failed).toBe(chunked.offered)
    server.close()
    const broken = await run((request) => request.socket.destroy(), {})
    expect(broken.failed).toBe(broken.offered)
  })

  it('opens another connection when one is closed after its answer', async () => {
    const result = await run((_, response) => response.setHeader('connection', 'close').end(), {})
    expect(result.good).toBe(result.offered)
  })

  it('counts what has no answer in the end, with the time it waited', async () => {
    const arrivals = { kind: 'even', perS: 100 } as const
    const result = await run(() => undefined, { arrivals, connectionsMax: 4 })
    // Four were sent; the others found no connection.
    expect(bodies).toHaveLength(4)
    expect(result).toMatchObject({ offered: 20, unanswered: 20, good: 0 })
    expect(Histogram.from(result.latency).count).toBe(20)
  })

  it('keeps as many connections busy as a closed loop has clients', async () => {
    let [open, most] = [0, 0]
    const result = await run(
      (_, response) => {
        most = Math.max(most, ++open)
        setImmediate(() => {
          open--
          response.end()
        })
      },
      { arrivals: { kind: 'closed', clients: 3 } },
    )
    expect(most).toBeLessThanOrEqual(3)
    expect(result.good).toBeGreaterThan(3)
    expect(result).toMatchObject({ late: 0, failed: 0, unanswered: 0 })
  })

  it('says in which slots of time things happened', async () => {
    const result = await run((_, response) => response.end(), { durationMs: 600 })
    const sum = (field: 'offered' | 'good') =>
      result.slots.reduce((total, slot) => total + slot[field], 0)
    expect(result.slots.length).toBeGreaterThanOrEqual(3)
    expect([sum('offered'), sum('good')]).toEqual([result.offered, result.good])
  })
})
