import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { identityModel } from '../../perf/bench/models'
import { type Reply, TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, errorOf, outputsOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const mebibyte = 1024 * 1024
const encode = { gzip: gzipSync, deflate: deflateSync }
const decode = { gzip: gunzipSync, deflate: inflateSync }
type Coding = keyof typeof encode

const values = (count: number) => Float32Array.from({ length: count }, (_, index) => index % 100)

function json(count: number): string {
  const data = [...values(count)]
  return JSON.stringify({
    inputs: [{ name: 'INPUT0', shape: [1, count], datatype: 'FP32', data }],
  })
}

describe('compression', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: { same: identityModel('float32'), bytes: identityModel('uint8') },
      settings: { inference: { bodyBytesMax: mebibyte, queueBytesMax: 2 * mebibyte } },
    })
  })

  afterAll(() => engine.stop())

  const infer = (body: Uint8Array | string, headers: Record<string, string | number>) =>
    engine.call({ method: 'POST', path: '/v2/models/same/infer', headers, body })

  describe.each<Coding>(['gzip', 'deflate'])('of requests by %s', (coding) => {
    it('takes JSON', async () => {
      const reply = await infer(encode[coding](json(3)), { 'content-encoding': coding })
      expect(outputsOf(reply)[0]!.data).toEqual([0, 1, 2])
    })

    it('takes binary tensors behind a header whose length is that before encoding', async () => {
      const bytes = bytesOf(values(1000))
      for (let pad = 0; pad < 8; pad++) {
        const header = JSON.stringify({
          inputs: [binaryInput({ name: 'INPUT0', datatype: 'FP32', shape: [1, 1000], bytes })],
          parameters: { binary_data_output: true },
          pad: ' '.repeat(pad),
        })
        const reply = await infer(encode[coding](Buffer.concat([Buffer.from(header), bytes])), {
          'content-encoding': coding.toUpperCase(),
          'inference-header-content-length': header.length,
        })
        expect(outputsOf(reply)[0]!.bytes).toEqual(bytes)
      }
    })

    it('takes a raw body in chunks', async () => {
      const bytes = Buffer.alloc(mebibyte, 'gristmill')
      const reply = await engine.call({
        method: 'POST',
        path: '/v2/models/bytes/infer',
        headers: {
          'content-encoding': coding,
          'transfer-encoding': 'chunked',
          'inference-header-content-length': 0,
        },
        body: encode[coding](bytes),
      })
      expect(outputsOf(reply)[0]!.bytes!.equals(bytes)).toBe(true)
    })

    it('refuses what grows beyond the largest body', async () => {
      const bomb = encode[coding](Buffer.alloc(100 * mebibyte))
      expect(bomb.length).toBeLessThan(mebibyte)
      const reply = await infer(bomb, { 'content-encoding': coding })
      expect(reply.status).toBe(413)
      expect(errorOf(reply)).toContain('exceeds the maximum allowed input size of 1048576 bytes')
    })

    it('refuses what is broken, cut short, or something else', async () => {
      const whole = encode[coding](json(3))
      for (const broken of [whole.subarray(0, -5), Buffer.from('plain'), whole.toReversed()]) {
        const reply = await infer(broken, { 'content-encoding': coding })
        expect(reply.status).toBe(400)
        expect(errorOf(reply)).toContain(`the request body is not valid ${coding}`)
      }
    })

    it('refuses an empty body', async () => {
      const reply = await infer(encode[coding](''), { 'content-encoding': coding })
      expect(errorOf(reply)).toBe('the request body is empty')
    })
  })

  it('what was decoded and refused is not held on to', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * mebibyte))
    for (let round = 0; round < 8; round++)
      expect((await infer(bomb, { 'content-encoding': 'gzip' })).status).toBe(413)
    expect((await infer(json(3), {})).status).toBe(200)
  })

  it('clients that leave while their body is decoded leave nothing behind', async () => {
    const body = gzipSync(json(20_000))
    const leave = async () => {
      const gone = new AbortController()
      const call = engine.call({
        method: 'POST',
        path: '/v2/models/same/infer',
        headers: { 'content-encoding': 'gzip', 'content-length': body.length + 1 },
        body: body.subarray(0, -20),
        signal: gone.signal,
      })
      setImmediate(() => {
        gone.abort()
      })
      await expect(call).rejects.toThrow('abort')
    }
    for (let round = 0; round < 50; round++) await leave()
    const large = Buffer.alloc(mebibyte)
    await waitUntil('the whole budget is free again', async () => {
      const replies = await Promise.all([1, 2].map(() => infer(large, {})))
      return replies.every(({ status }) => status === 400)
    })
  })

  it.each(['br', 'gzip, gzip', 'constructor', ''])('%p is answered 501', async (coding) => {
    const reply = await infer(json(1), { 'content-encoding': coding })
    expect(reply.status).toBe(501)
    expect(errorOf(reply)).toBe('Unsupported compression type')
    expect(reply.headers['accept-encoding']).toBe('gzip, deflate, identity')
  })

  const accepted: [string, Coding | undefined][] = [
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate', 'gzip'],
    ['deflate, gzip;q=1.0', 'deflate'],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate'],
    ['identity, gzip', undefined],
    ['identity;q=0.1, gzip; q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=nonsense', undefined],
    ['br', undefined],
    ['br, GZIP;q=0.2', 'gzip'],
    ['*', undefined],
    ['', undefined],
  ]

  function decoded(reply: Reply): Buffer {
    const coding = reply.headers['content-encoding'] as Coding | undefined
    expect(reply.headers['content-length']).toBe(`${reply.body.length}`)
    return coding === undefined ? reply.body : decode[coding](reply.body)
  }

  it.each(accepted)('Accept-Encoding %p is answered in %p', async (header, coding) => {
    const plain = await infer(json(1000), {})
    const reply = await infer(json(1000), { 'accept-encoding': header })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-encoding']).toBe(coding)
    expect(decoded(reply)).toEqual(plain.body)
  })

  it('binary answers keep the length of their header', async () => {
    const body = JSON.stringify({
      ...(JSON.parse(json(50_000)) as object),
      parameters: { binary_data_output: true },
    })
    const reply = await infer(body, { 'accept-encoding': 'gzip' })
    const whole = decoded(reply)
    const length = Number(reply.headers['inference-header-content-length'])
    expect(reply.headers['content-type']).toBe('application/octet-stream')
    expect(JSON.parse(whole.subarray(0, length).toString())).toHaveProperty('outputs')
    expect(whole.subarray(length)).toEqual(bytesOf(values(50_000)))
  })

  it('small answers and refusals go out plainly', async () => {
    const small = await infer(json(1), { 'accept-encoding': 'gzip' })
    expect(small.headers['content-encoding']).toBeUndefined()
    const refused = await infer('{}', { 'accept-encoding': 'gzip' })
    expect(refused.headers['content-encoding']).toBeUndefined()
  })
})
