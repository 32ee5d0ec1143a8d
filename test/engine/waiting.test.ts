import { identityModel, loopModel } from '../../perf/bench/models'
import { type Reply, TestEngine } from '../support/engine/engine-process'
import { errorOf, firstAnswer, tooLate } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const long = { queueDelayUs: 60_000_000 }
const one = {
  inputs: [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }],
}
const vector = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] }
const full = "Exceeds maximum queue size of 1 for model 'single'"
const clientTimeout = 'x-envoy-expected-rq-timeout-ms'

describe('a request that is held in the queue', () => {
  let engine: TestEngine
  const file = identityModel('float32')

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        held: [{ file, settings: { ...long, preferredBatchSizes: [3] } }],
        aging: [{ file, settings: { ...long, queueTimeoutMs: 50 } }],
        single: [{ file, settings: { ...long, queueMax: 1 } }],
        slow: [{ file: loopModel(20_000n), settings: { batching: false } }],
      },
      settings: { inference: { deadlineMs: 4000 } },
    })
  })

  afterAll(() => engine.stop())

  const infer = (model: string, parameters = {}, headers = {}, signal?: AbortSignal) =>
    engine.call({
      method: 'POST',
      path: `/v2/models/${model}/infer`,
      headers,
      body: JSON.stringify({ ...one, parameters }),
      ...(signal === undefined ? {} : { signal }),
    })
  const expired = [504, "Request timeout expired while waiting for model 'held'"]
  const answerOf = (reply: Reply) => [reply.status, errorOf(reply)]

  it('runs when the preferred size is reached', async () => {
    const replies = await Promise.all([infer('held'), infer('held'), infer('held')])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  it('is answered when it has waited for as long as the model lets it, though nothing runs', async () => {
    const reply = await infer('aging')
    expect(answerOf(reply)).toEqual([503, 'Request timeout expired'])
    expect(reply.headers['retry-after']).toBe('1')
  })

  it.each([
    ['parameter', { timeout: 20_000 }, {}],
    ['header', {}, { [clientTimeout]: 20 }],
    ['parameter, the shorter of both', { timeout: 20_000 }, { [clientTimeout]: 1e6 }],
    ['longer than the deadline', { timeout: 60_000_000 }, {}],
  ])("is answered at its client's timeout: %s", async (_, parameters, headers) => {
    expect(answerOf(await infer('held', parameters, headers))).toEqual(expired)
  })

  it('is refused for a timeout that is no number', async () => {
    const reply = await infer('held', {}, { [clientTimeout]: '1s' })
    expect(answerOf(reply)).toEqual([
      400,
      `header '${clientTimeout}' must be a whole number of milliseconds`,
    ])
  })

  it('leaves the queue with its client', async () => {
    const leaving = new AbortController()
    const left = infer('single', {}, {}, leaving.signal).catch(() => 'left')
    const next = async () => errorOf(await infer('single', { timeout: 1000 }))
    await waitUntil('it waits', async () => (await next()) === full)
    leaving.abort()
    expect(await left).toBe('left')
    await waitUntil('its place is free', async () => (await next()).startsWith('Request timeout'))
  })

  it('is refused by its headers when what waits before it takes longer than it has', async () => {
    let isOver = false
    const loop = async () => {
      while (!isOver) await engine.inferJson('slow', vector)
    }
    const loops = Array.from({ length: 6 }, loop)
    const refused = await waitUntil('it is refused', async () => {
      const headers = { 'content-length': 1000, [clientTimeout]: 1 }
      const first = await firstAnswer(engine, '/v2/models/held/infer', headers)
      return first.error === tooLate('held', 1) ? first : null
    })
    isOver = true
    await Promise.all(loops)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  })
})
