import fc from 'fast-check'
import { identityModel, loopModel, mlpModel } from '../../perf/bench/models'
import { type Node, onnxModel } from '../../perf/bench/onnx-model'
import { type Reply, TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, errorOf, outputsOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

/** y = x[i[n]] for every row: an index beyond the table makes the run fail. */
function lookupModel(): Buffer {
  const table = new Uint8Array(Float32Array.of(10, 11, 12, 13).buffer)
  return onnxModel({
    nodes: [{ op: 'Gather', inputs: ['table', 'i'], outputs: ['y'] }],
    inputs: [{ name: 'i', type: 'int64', shape: ['N'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N'] }],
    initializers: [{ name: 'table', type: 'float32', dims: [4], data: table }],
  })
}

/** SUM = a + b, TEXT = t, both of N rows of any width. */
function pairModel(): Buffer {
  const nodes: Node[] = [
    { op: 'Add', inputs: ['a', 'b'], outputs: ['SUM'] },
    { op: 'Identity', inputs: ['t'], outputs: ['TEXT'] },
  ]
  const shape = ['N', 'W']
  return onnxModel({
    nodes,
    inputs: [
      { name: 'a', type: 'float32', shape },
      { name: 'b', type: 'float32', shape },
      { name: 't', type: 'string', shape },
    ],
    outputs: [
      { name: 'SUM', type: 'float32', shape },
      { name: 'TEXT', type: 'string', shape },
    ],
  })
}

/** The values without repetition: as many as there are, not one a row. */
function distinctModel(): Buffer {
  return onnxModel({
    nodes: [{ op: 'Unique', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'float32', shape: ['N'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['M'] }],
  })
}

interface PairRequest {
  rows: number
  width: number
  seed: number
  wanted: 'SUM' | 'TEXT' | 'both'
  binary: boolean
  account: string
  priority: number
  leaves: boolean
}

const pairRequest = fc.record<PairRequest>({
  rows: fc.integer({ min: 0, max: 4 }),
  width: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  wanted: fc.constantFrom('SUM', 'TEXT', 'both'),
  binary: fc.boolean(),
  account: fc.constantFrom('', 'one', 'two'),
  priority: fc.integer({ min: 0, max: 3 }),
  leaves: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
})

function pairBody({ rows, width, seed, wanted, binary, priority }: PairRequest) {
  const shape = [rows, width]
  const values = Array.from({ length: rows * width }, (_, index) => seed * 16 + index)
  const tensor = (name: string, datatype: string, data: unknown[]) => ({
    name,
    shape,
    datatype,
    data,
  })
  return {
    id: `${seed}`,
    inputs: [
      tensor('a', 'FP32', values),
      tensor('b', 'FP32', values),
      tensor('t', 'BYTES', values.map(String)),
    ],
    ...(wanted === 'both'
      ? {}
      : { outputs: [{ name: wanted, parameters: { binary_data: binary } }] }),
    parameters: { binary_data_output: binary, priority },
  }
}

/** What makes every request wait at once: one run long enough for all of them to arrive. */
const holdUp = (engine: TestEngine) => engine.inferJson('slow', vector([0]))
const vector = (data: number[], name = 'x', datatype = 'FP32') => ({
  inputs: [{ name, shape: [data.length], datatype, data }],
})

describe('batching', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        slow: [{ file: loopModel(150_000n), settings: { batching: false } }],
        mlp: mlpModel(),
        bytes: identityModel('uint8'),
        pair: [{ file: pairModel(), settings: { priorityLevels: 3 } }],
        lookup: lookupModel(),
        distinct: distinctModel(),
        separate: [{ file: identityModel('float32'), settings: { batching: false } }],
        capped: [{ file: identityModel('float32'), settings: { batchItemsMax: 3 } }],
      },
      settings: { inference: { queueMax: 1000, batchTargetMs: 1000 } },
    })
  })

  afterAll(() => engine.stop())

  /** The largest batch that the perf log tells of, once it tells of that many requests. */
  const largestBatch = (model: string, requests: number) =>
    waitUntil('the perf log is written', () => {
      const lines = engine.perfLines().filter(({ m, b }) => m === model && b !== undefined)
      return lines.length >= requests ? Math.max(...lines.map(({ b }) => b as number)) : null
    })

  async function atOnce(calls: (() => Promise<Reply>)[]): Promise<Reply[]> {
    const held = holdUp(engine)
    const replies = await Promise.all(calls.map((call) => call()))
    await held
    return replies
  }

  /** Null for one that leaves while it waits or runs. */
  async function inferPair(request: PairRequest): Promise<Reply | null> {
    const leaving = new AbortController()
    const reply = engine.call({
      method: 'POST',
      path: '/v2/models/pair/infer',
      headers: request.account === '' ? {} : { 'x-gristmill-account': request.account },
      body: JSON.stringify(pairBody(request)),
      signal: leaving.signal,
    })
    if (!request.leaves) return reply
    setImmediate(() => leaving.abort())
    return reply.catch(() => null)
  }

  it('every request is answered as if it had been alone, whoever else waits and leaves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pairRequest, { minLength: 2, maxLength: 24 }), async (requests) => {
        const together = await Promise.all(requests.map(inferPair))
        for (const [index, request] of requests.entries()) {
          const reply = together[index]
          if (!reply) continue
          const alone = await engine.inferJson('pair', pairBody(request))
          expect(reply.status).toBe(200)
          expect(reply.body).toEqual(alone.body)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('large bodies, whose memory is used again, never mix', async () => {
    const infer = async (seed: number) => {
      const bytes = Buffer.alloc(70_000 + 1000 * (seed % 7), seed)
      const reply = await engine.call({
        method: 'POST',
        path: '/v2/models/bytes/infer',
        headers: { 'inference-header-content-length': 0 },
        body: bytes,
      })
      expect(outputsOf(reply)[0]!.bytes!.equals(bytes)).toBe(true)
    }
    for (let round = 0; round < 10; round++)
      await Promise.all(Array.from({ length: 16 }, (_, index) => infer(round * 16 + index)))
  })

  it('requests that wait together run together', async () => {
    const x = Float32Array.from({ length: 784 }, (_, index) => index / 784)
    const infer = () =>
      engine.inferBinary(
        'mlp',
        {
          inputs: [
            binaryInput({ name: 'x', datatype: 'FP32', shape: [1, 784], bytes: bytesOf(x) }),
          ],
          parameters: { binary_data_output: true },
        },
        [bytesOf(x)],
      )
    const alone = await infer()
    const replies = await atOnce(Array.from({ length: 30 }, () => infer))
    const expected = new Float32Array(Uint8Array.from(outputsOf(alone)[0]!.bytes!).buffer)
    for (const reply of replies) {
      const [output] = outputsOf(reply)
      expect(output!.shape).toEqual([1, 10])
      const values = new Float32Array(Uint8Array.from(output!.bytes!).buffer)
      values.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5))
    }
    expect(await largestBatch('mlp', 31)).toBeGreaterThan(8)
  })

  it('a request that makes the run fail hurts only itself', async () => {
    const indices = [0, 1, 99, 2, 3]
    await engine.inferJson('lookup', vector([0], 'i', 'INT64'))
    const replies = await atOnce(
      indices.map((index) => () => engine.inferJson('lookup', vector([index], 'i', 'INT64'))),
    )
    indices.forEach((index, position) => {
      const reply = replies[position]!
      if (index < 4) expect(outputsOf(reply)[0]!.data).toEqual([10 + index])
      else {
        expect(reply.status).toBeGreaterThanOrEqual(400)
        expect(errorOf(reply)).toContain("model 'lookup' failed to run")
      }
    })
  })

  it('a model whose first dimension is no batch is found out, and answers rightly all the same', async () => {
    await engine.inferJson('distinct', vector([1]))
    const replies = await atOnce(
      [1, 2, 3].map((value) => () => engine.inferJson('distinct', vector([value, value]))),
    )
    expect(replies.map((reply) => outputsOf(reply)[0]!.data)).toEqual([[1], [2], [3]])
    await waitUntil('it is said', () =>
      engine.errors.includes('the first dimension of the model is not a batch'),
    )
  })

  it('a model that says so runs one request at a time', async () => {
    const body = { inputs: [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }] }
    await engine.inferJson('separate', body)
    await atOnce(Array.from({ length: 8 }, () => () => engine.inferJson('separate', body)))
    expect(await largestBatch('separate', 9)).toBe(1)
  })

  it('a batch holds no more items than the model allows, unless one request alone does', async () => {
    const body = (rows: number) => ({
      inputs: [
        { name: 'INPUT0', shape: [rows, 1], datatype: 'FP32', data: new Array(rows).fill(1) },
      ],
    })
    await engine.inferJson('capped', body(1))
    await atOnce(Array.from({ length: 8 }, () => () => engine.inferJson('capped', body(1))))
    expect(await largestBatch('capped', 9)).toBe(3)
    expect((await engine.inferJson('capped', body(7))).status).toBe(200)
    expect(await largestBatch('capped', 10)).toBe(7)
  })
})
