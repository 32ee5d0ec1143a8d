import { identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { bytesOf, errorOf, outputsOf, stringBytes } from '../support/engine/infer'

const fruits = 'apple\r\nbanana\n\ncherry\n'

function request(datatype: string, shape: number[], data: string, classification: number) {
  return (
    `{"inputs":[{"name":"INPUT0","shape":[${shape.join(',')}],"datatype":"${datatype}","data":[${data}]}],` +
    `"outputs":[{"name":"OUTPUT0","parameters":{"classification":${classification}}}]}`
  )
}

describe('the classification extension', () => {
  let engine: TestEngine

  beforeAll(async () => {
    const float = identityModel('float32')
    engine = await TestEngine.start({
      models: {
        float,
        double: identityModel('float64'),
        int8: identityModel('int8'),
        int64: identityModel('int64'),
        flags: identityModel('bool'),
        text: identityModel('string'),
        single: [{ file: float, settings: { batching: false } }],
        cube: identityModel('uint8', ['N', 'H', 'W']),
        labelled: [{ file: float, settings: { labels: 'a.txt' }, files: { 'a.txt': fruits } }],
        chosen: [
          { file: float, settings: { labels: { OUTPUT0: 'a.txt' } }, files: { 'a.txt': fruits } },
        ],
        missing: [{ file: float, settings: { labels: 'b.txt' } }],
        misnamed: [{ file: float, settings: { labels: { y: 'a.txt' } }, files: { 'a.txt': '' } }],
        binary: [
          { file: float, settings: { labels: 'a.txt' }, files: { 'a.txt': Buffer.of(0xff) } },
        ],
        large: [
          { file: float, settings: { labels: 'a.txt' }, files: { 'a.txt': Buffer.alloc(2 ** 25) } },
        ],
      },
    })
  })

  afterAll(() => engine.stop())

  const answers: [string, string, number[], string, number, string[]][] = [
    ['float', 'FP32', [1, 4], '1,9,8.5,-2', 2, ['9.000000:1', '8.500000:2']],
    ['float', 'FP32', [2, 2], '1,2,4,3', 1, ['2.000000:1', '4.000000:0']],
    ['float', 'FP32', [1, 3], '5,5,5', 3, ['5.000000:0', '5.000000:1', '5.000000:2']],
    ['float', 'FP32', [1, 2], 'NaN,-Infinity', 5, ['-inf:1', 'nan:0']],
    ['float', 'FP32', [1, 2], '-0.0,-0.0000001', 2, ['-0.000000:0', '-0.000000:1']],
    // C rounds halves of what the binary number is to even.
    ['double', 'FP64', [1, 2], '0.0078125,0.0234375', 2, ['0.023438:1', '0.007812:0']],
    ['double', 'FP64', [1, 1], '1e22', 1, ['10000000000000000000000.000000:0']],
    ['int8', 'INT8', [1, 3], '-1,-128,127', 2, ['127:2', '-1:0']],
    [
      'int64',
      'INT64',
      [1, 2],
      '9223372036854775806,9223372036854775807',
      1,
      ['9223372036854775807:1'],
    ],
    [
      'labelled',
      'FP32',
      [1, 5],
      '1,2,3,4,5',
      5,
      ['5.000000:4', '4.000000:3:cherry', '3.000000:2', '2.000000:1:banana', '1.000000:0:apple'],
    ],
    ['chosen', 'FP32', [1, 1], '1', 1, ['1.000000:0:apple']],
  ]

  it.each(answers)(
    '%s: %s %j [%s], %i classes',
    async (model, ...[datatype, shape, data, k, texts]) => {
      const reply = await engine.inferJson(model, request(datatype, shape, data, k))
      const [rows, columns] = shape as [number, number]
      expect(outputsOf(reply)).toEqual([
        { name: 'OUTPUT0', datatype: 'BYTES', shape: [rows, Math.min(k, columns)], data: texts },
      ])
    },
  )

  it('everything beyond the batch is one row', async () => {
    const reply = await engine.inferJson('cube', request('UINT8', [2, 2, 2], '1,2,3,4,8,7,6,5', 1))
    expect(outputsOf(reply)[0]).toMatchObject({ shape: [2, 1], data: ['4:3', '8:0'] })
  })

  it('a model without batches has one row', async () => {
    const reply = await engine.inferJson('single', request('FP32', [2, 2], '1,2,4,3', 3))
    expect(outputsOf(reply)[0]).toMatchObject({
      shape: [3],
      data: ['4.000000:2', '3.000000:3', '2.000000:1'],
    })
  })

  it('0 classes is the output itself, and no rows stay none', async () => {
    const reply = await engine.inferJson('float', request('FP32', [1, 2], '1,2', 0))
    expect(outputsOf(reply)[0]).toMatchObject({ datatype: 'FP32', data: [1, 2] })
    const empty = await engine.inferJson('float', request('FP32', [0, 2], '', 5))
    expect(outputsOf(empty)[0]).toMatchObject({ datatype: 'BYTES', shape: [0, 2], data: [] })
  })

  it('answers in bytes too', async () => {
    const values = bytesOf(Float32Array.of(1, 3, 2))
    const reply = await engine.inferBinary(
      'labelled',
      {
        inputs: [
          {
            name: 'INPUT0',
            shape: [1, 3],
            datatype: 'FP32',
            parameters: { binary_data_size: 12 },
          },
        ],
        outputs: [{ name: 'OUTPUT0', parameters: { classification: 2, binary_data: true } }],
      },
      [values],
    )
    expect(outputsOf(reply)[0]!.bytes).toEqual(stringBytes('3.000000:1:banana', '2.000000:2'))
  })

  it('finds the same as sorting does', async () => {
    const values = Array.from({ length: 5000 }, (_, index) => ((index * 7919) % 1009) - 500)
    const expected = values
      .map((value, index) => ({ value, index }))
      .sort((a, b) => b.value - a.value || a.index - b.index)
    for (const k of [1, 2, 3, 100, 5000]) {
      const reply = await engine.inferJson('float', request('FP32', [1, 5000], values.join(','), k))
      expect(outputsOf(reply)[0]!.data).toEqual(
        expected.slice(0, k).map(({ value, index }) => `${value}.000000:${index}`),
      )
    }
  })

  const refusals: [string, string, unknown, string][] = [
    ['flags', 'BOOL', 1, "due to unsupported type 'BOOL'"],
    ['text', 'BYTES', 1, "due to unsupported type 'BYTES'"],
    ['float', 'FP32', -1, "Unable to parse 'classification'"],
    ['float', 'FP32', '"1"', "Unable to parse 'classification'"],
    ['float', 'FP32', 1_000_001, 'more than 1000000'],
  ]

  const value: Record<string, string> = { BOOL: 'true', BYTES: '"a"', FP32: '1' }

  it.each(refusals)('%s of %s in %p classes is refused', async (model, datatype, k, message) => {
    const reply = await engine.inferJson(
      model,
      request(datatype, [1, 1], value[datatype]!, k as number),
    )
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
  })

  it('does not go with shared memory', async () => {
    const reply = await engine.inferJson('float', {
      inputs: [{ name: 'INPUT0', shape: [1, 1], datatype: 'FP32', data: [1] }],
      outputs: [
        { name: 'OUTPUT0', parameters: { classification: 1, shared_memory_region: 'region' } },
      ],
    })
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain("shared memory does not go with 'classification'")
  })

  const broken: [string, string][] = [
    ['missing', "labels: there is no file 'b.txt' beside the model"],
    ['misnamed', "labels: the model has no output 'y'"],
    ['binary', "labels: 'a.txt' is not UTF-8"],
    ['large', "labels: 'a.txt' is larger than"],
  ]

  it.each(broken)('a model with %s labels does not load', async (model, reason) => {
    const reply = await engine.call({ path: `/v2/models/${model}/ready` })
    expect(reply.status).toBe(503)
    expect(errorOf(reply)).toContain(reason)
  })
})
