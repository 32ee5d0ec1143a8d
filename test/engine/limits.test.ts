import { request } from 'node:http'
import { identityModel, loopModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { errorOf, firstAnswer } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const vector = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }] }
const raw = { 'inference-header-content-length': 0 }
const mebibyte = 1024 ** 2

describe('limits', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: { slow: loopModel(100_000n), identity: identityModel('uint8') },
      settings: {
        inference: { queueMax: 4, bodyBytesMax: mebibyte, queueBytesMax: 2 * mebibyte },
      },
    })
  })

  afterAll(() => engine.stop())

  it('a body that says it is too large is refused before it is sent', async () => {
    const path = '/v2/models/identity/infer'
    const headers = { ...raw, 'content-length': 100 * mebibyte }
    const { status, headers: answer } = await firstAnswer(engine, path, headers)
    expect(status).toBe(413)
    expect(answer['connection']).toBe('close')
  })

  it('a body that does not say how large it is, is cut off at the limit', async () => {
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/slow/infer',
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(mebibyte + 1),
    })
    expect(reply.status).toBe(413)
    expect(errorOf(reply)).toBe(
      `request body size exceeds the maximum allowed input size of ${mebibyte} bytes`,
    )
  })

  it('requests beyond the queue are answered 503 with Retry-After, the others all run', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => engine.inferJson('slow', vector)),
    )
    const refused = replies.filter(({ status }) => status === 503)
    expect(replies.filter(({ status }) => status === 200).length + refused.length).toBe(20)
    expect(refused.length).toBeGreaterThan(0)
    for (const reply of refused) {
      expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1)
      expect(errorOf(reply)).toBe("Exceeds maximum queue size of 4 for model 'slow'")
    }
  })

  it('bodies beyond the memory set aside for them are answered 503, and the memory comes back', async () => {
    const path = '/v2/models/slow/infer'
    const headers = { 'content-length': mebibyte - 1 }
    const begun = [1, 2].map(() =>
      request({ socketPath: engine.socketPath, method: 'POST', path, headers }).on(
        'error',
        () => undefined,
      ),
    )
    for (const req of begun) req.write(' ')
    await waitUntil('the memory is taken', async () => {
      const { status, error } = await firstAnswer(engine, path, headers)
      return status === 503 && error === 'the inference engine holds too many request bodies'
    })
    for (const req of begun) req.destroy()
    const post = () => engine.call({ method: 'POST', path, body: Buffer.alloc(mebibyte - 1, ' ') })
    // Blank text is no request: what is let in is answered 400.
    await waitUntil('the memory is back', async () => (await post()).status === 400)
  })

  it('who leaves gives up his place in the queue', async () => {
    const held = engine.inferJson('slow', vector)
    const leaving = new AbortController()
    const left = Array.from({ length: 4 }, () =>
      engine
        .call({
          method: 'POST',
          path: '/v2/models/slow/infer',
          body: JSON.stringify(vector),
          signal: leaving.signal,
        })
        .catch(() => 'left'),
    )
    await held
    leaving.abort()
    await Promise.all(left)
    const cancelled = () => engine.perfLines().filter(({ s }) => s === 499).length
    await waitUntil('they are noticed', () => cancelled() > 0)
    expect((await engine.inferJson('slow', vector)).status).toBe(200)
  })
})
