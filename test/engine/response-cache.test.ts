import { addSubModel, identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, outputsOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const settings = { responseCache: true }
const stored = 'gristmill; fwd=miss; stored'
const hit = 'gristmill; hit'

describe('the response cache', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        kept: [{ file: addSubModel(), settings }],
        equal: [{ file: addSubModel(), settings }],
        text: [{ file: identityModel('string'), settings }],
        bytes: [{ file: identityModel('uint8'), settings }],
        plain: addSubModel(),
      },
      settings: { inference: { responseCacheBytesMax: 10_000 } },
    })
  })

  afterAll(() => engine.stop())

  const values = (first: number) => Int32Array.from({ length: 16 }, (_, index) => first + index)
  const tensor = (name: string, first: number) => ({
    name,
    shape: [1, 16],
    datatype: 'INT32',
    data: [...values(first)],
  })
  const asking = (first: number, rest = {}) => ({
    inputs: [tensor('INPUT0', first), tensor('INPUT1', 1)],
    ...rest,
  })
  const statusOf = async (model: string, body: unknown) =>
    (await engine.inferJson(model, body)).headers['cache-status']

  it('answers an equal request as the first, without a run, and says so', async () => {
    const first = await engine.inferJson('kept', asking(100))
    const again = await engine.inferJson('kept', { ...asking(100), id: 'again' })
    expect(first.headers['cache-status']).toBe(stored)
    expect(again.headers['cache-status']).toBe(hit)
    expect(outputsOf(again)).toEqual(outputsOf(first))
    expect(again.json['id']).toBe('again')
    const runs = await waitUntil('the perf log is written', () => {
      const lines = engine.perfLines().filter(({ m, b }) => m === 'kept' && b !== undefined)
      return lines.length === 2 ? lines.map(({ b }) => b) : null
    })
    expect(runs).toEqual([1, 0])
  })

  it('knows a request by its values, however it is written and asks to be answered', async () => {
    const inputs = ['INPUT1', 'INPUT0'].map((name) => {
      const bytes = bytesOf(values(name === 'INPUT0' ? 200 : 1))
      return { ...binaryInput({ name, datatype: 'INT32', shape: [1, 16], bytes }), bytes }
    })
    const json = await engine.inferJson('kept', asking(200))
    const header = {
      inputs: inputs.map(({ bytes: _, ...input }) => input),
      parameters: { binary_data_output: true },
    }
    const binary = await engine.inferBinary(
      'kept',
      header,
      inputs.map(({ bytes }) => bytes),
    )
    expect(binary.headers['cache-status']).toBe(hit)
    const answered = outputsOf(binary).map(({ bytes }) => [
      ...new Int32Array(Uint8Array.from(bytes!).buffer),
    ])
    expect(answered).toEqual(outputsOf(json).map(({ data }) => data))
  })

  it('tells apart other values, shapes and outputs, and not models of equal content', async () => {
    expect(await statusOf('kept', asking(300))).toBe(stored)
    expect(await statusOf('kept', asking(301))).toBe(stored)
    expect(await statusOf('kept', asking(300, { outputs: [{ name: 'OUTPUT0' }] }))).toBe(stored)
    expect(await statusOf('equal', asking(300))).toBe(hit)
    const text = (shape: number[], data: string[]) => ({
      inputs: [{ name: 'INPUT0', shape, datatype: 'BYTES', data }],
    })
    expect(await statusOf('text', text([1, 2], ['a', 'bc']))).toBe(stored)
    expect(await statusOf('text', text([1, 2], ['ab', 'c']))).toBe(stored)
    expect(await statusOf('text', text([2, 1], ['a', 'bc']))).toBe(stored)
    expect(await statusOf('text', text([1, 2], ['a', 'bc']))).toBe(hit)
  })

  it('says nothing for a model that does not use it, nor on an error', async () => {
    expect(await statusOf('plain', asking(1))).toBeUndefined()
    expect(await statusOf('plain', asking(1))).toBeUndefined()
    expect(await statusOf('kept', { inputs: [] })).toBeUndefined()
  })

  it('keeps within its bytes what was asked for last', async () => {
    const blob = (length: number, fill: number) => ({
      inputs: [
        {
          name: 'INPUT0',
          shape: [1, length],
          datatype: 'UINT8',
          data: new Array<number>(length).fill(fill),
        },
      ],
    })
    expect(await statusOf('bytes', blob(20_000, 0))).toBe('gristmill; fwd=miss')
    expect(await statusOf('bytes', blob(4000, 1))).toBe(stored)
    expect(await statusOf('bytes', blob(4000, 2))).toBe(stored)
    expect(await statusOf('bytes', blob(4000, 1))).toBe(hit)
    expect(await statusOf('bytes', blob(4000, 3))).toBe(stored)
    expect(await statusOf('bytes', blob(4000, 1))).toBe(hit)
    expect(await statusOf('bytes', blob(4000, 2))).toBe(stored)
  })
})
