import { addSubModel, identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, errorOf } from '../support/engine/infer'

const row = Array.from({ length: 16 }, (_, index) => index)
const input = (name: string, changes: object = {}) => ({
  name,
  shape: [1, 16],
  datatype: 'INT32',
  data: row,
  ...changes,
})
const both = [input('INPUT0'), input('INPUT1')]
const first = (changes: object) => ({ inputs: [input('INPUT0', changes), input('INPUT1')] })
const without = (changes: object) => {
  const { data: _data, ...rest } = input('INPUT0', changes)
  return { inputs: [rest, input('INPUT1')] }
}

describe('an infer request that cannot be served', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        text: identityModel('string', ['N']),
        half: identityModel('float16'),
      },
    })
  })

  afterAll(() => engine.stop())

  const refusals: [string, unknown, string][] = [
    ['text that is not JSON', '{"inputs":', 'failed to parse the request JSON buffer: '],
    ['a list', '[]', "Unable to parse 'request': attempt to access JSON non-object as object"],
    [
      'no inputs',
      {},
      "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'",
    ],
    [
      'inputs that are no list',
      { inputs: {} },
      "Unable to parse 'inputs': attempt to access JSON non-array as array",
    ],
    [
      'an id that is a number',
      { id: 1, inputs: both },
      "Unable to parse 'id': attempt to access JSON non-string as string",
    ],
    [
      'an input without a name',
      { inputs: [{}] },
      "Unable to parse 'name': attempt to access non-existing object member 'name'",
    ],
    [
      'an unknown input',
      { inputs: [...both, input('X')] },
      "unexpected inference input 'X' for model 'simple'",
    ],
    [
      'an input twice',
      { inputs: [...both, input('INPUT0')] },
      "input 'INPUT0' already exists in request",
    ],
    [
      'a missing input',
      { inputs: [input('INPUT0')] },
      "expected 2 inputs but got 1 inputs for model 'simple'. Got input(s) ['INPUT0'], but missing required input(s) ['INPUT1']. Please provide all required input(s).",
    ],
    [
      'another data type',
      first({ datatype: 'FP32' }),
      "inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'",
    ],
    [
      'another shape',
      first({ shape: [1, 17] }),
      "unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [1,17]",
    ],
    [
      'another rank',
      first({ shape: [16] }),
      "unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [16]",
    ],
    [
      'a negative dimension',
      first({ shape: [-1, 16] }),
      "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer",
    ],
    [
      'half a dimension',
      first({ shape: [1.5, 16] }),
      "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer",
    ],
    [
      'a dimension in words',
      first({ shape: ['1', 16] }),
      "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer",
    ],
    [
      'more elements than can be counted',
      first({ shape: [2 ** 31 - 1, 2 ** 31 - 1] }),
      "invalid shape for input 'INPUT0': shape [2147483647,2147483647] causes total element count to exceed maximum size of 9223372036854775807",
    ],
    [
      'an empty dimension beside a huge one',
      first({ shape: [0, 2 ** 40] }),
      "invalid shape for input 'INPUT0': shape [0,1099511627776] causes total element count",
    ],
    [
      'a hundred thousand dimensions',
      first({ shape: new Array<number>(100_000).fill(1) }),
      "invalid shape for input 'INPUT0': 100000 dimensions, more than 16",
    ],
    [
      'rows that differ in number',
      { inputs: [input('INPUT0'), input('INPUT1', { shape: [2, 16], data: [row, row] })] },
      "input 'INPUT1' batch size does not match other inputs for 'simple'",
    ],
    [
      'an input without values',
      without({}),
      "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But no field is set",
    ],
    [
      'an input with values twice',
      first({ parameters: { binary_data_size: 64 } }),
      "But fields 'data', 'binary_data_size' are set",
    ],
    [
      'a binary size in words',
      without({ parameters: { binary_data_size: '64' } }),
      "Unable to parse 'binary_data_size': attempt to access JSON non-unsigned-integer as unsigned-integer",
    ],
    [
      'another binary size',
      without({ parameters: { binary_data_size: 60 } }),
      "input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 64, got 60",
    ],
    [
      'a missing blob',
      without({ parameters: { binary_data_size: 64 } }),
      "unexpected size for input 'INPUT0', expecting 64 additional bytes for model 'simple'",
    ],
    [
      'an unknown output',
      { inputs: both, outputs: [{ name: 'X' }] },
      "unexpected inference output 'X' for model 'simple'",
    ],
    [
      'an output twice',
      { inputs: both, outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] },
      "output 'OUTPUT0' already exists in request",
    ],
    [
      'a hundred thousand outputs',
      { inputs: both, outputs: Array.from({ length: 100_000 }, () => ({ name: 'OUTPUT1' })) },
      "output 'OUTPUT1' already exists in request",
    ],
    [
      'a switch that is no boolean',
      { inputs: both, parameters: { binary_data_output: 1 } },
      "Unable to parse 'binary_data_output': attempt to access JSON non-boolean as boolean",
    ],
    [
      'nesting beyond a hundred',
      `{"inputs":${'['.repeat(200)}`,
      "Unable to parse 'data': JSON nesting depth exceeds maximum allowed limit (100)",
    ],
    [
      'sixty million brackets',
      '['.repeat(60_000_000),
      "Unable to parse 'data': JSON nesting depth exceeds maximum allowed limit (100)",
    ],
  ]

  it.each(refusals)('%s is refused with 400', async (_name, body, message) => {
    const reply = await engine.inferJson('simple', body)
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
    expect(reply.body.length).toBeLessThan(1000)
  })

  it('a long name comes back cut', async () => {
    const reply = await engine.inferJson('simple', { inputs: [input('x'.repeat(1_000_000))] })
    expect(reply.body.length).toBeLessThan(1000)
  })

  it('brackets inside strings are no nesting', async () => {
    const data = ['"'.repeat(3) + '['.repeat(300) + '\\']
    const reply = await engine.inferJson('text', {
      inputs: [{ name: 'INPUT0', shape: [1], datatype: 'BYTES', data }],
    })
    expect(reply.json['outputs']).toMatchObject([{ data }])
  })

  it('FP16 outputs cannot be JSON', async () => {
    const bytes = Buffer.alloc(4)
    const reply = await engine.inferBinary(
      'half',
      { inputs: [binaryInput({ name: 'INPUT0', datatype: 'FP16', shape: [1, 2], bytes })] },
      [bytes],
    )
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(
      'sending FP16 data via JSON is not supported. Please use the binary data format for output OUTPUT0',
    )
  })

  const inMemory = { shared_memory_region: 'r', shared_memory_byte_size: 64 }
  const unserved: [string, object][] = [
    ['shared memory inputs', without({ parameters: inMemory })],
    [
      'shared memory outputs',
      { inputs: both, outputs: [{ name: 'OUTPUT0', parameters: inMemory }] },
    ],
  ]

  it.each(unserved)('%s are answered 501', async (_name, body) => {
    expect((await engine.inferJson('simple', body)).status).toBe(501)
  })

  it('compressed bodies are answered 501', async () => {
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/simple/infer',
      headers: { 'content-encoding': 'br' },
      body: 'x',
    })
    expect(reply.status).toBe(501)
    expect(errorOf(reply)).toBe('Unsupported compression type')
  })

  const headers: [string, string][] = [
    ['abc', 'Unable to parse Inference-Header-Content-Length, got: abc'],
    ['1e1', 'Unable to parse Inference-Header-Content-Length, got: 1e1'],
    ['4294967296', 'value is out of range'],
    ['-1', 'inference header size should be in range (0, 10), got: -1'],
    ['11', 'inference header size should be in range (0, 10), got: 11'],
  ]

  it.each(headers)('Inference-Header-Content-Length %s is refused', async (value, message) => {
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/simple/infer',
      headers: { 'inference-header-content-length': value },
      body: '0123456789',
    })
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
  })

  it('bytes left over after the tensors are refused', async () => {
    const reply = await engine.inferBinary('simple', { inputs: both }, [Buffer.alloc(1)])
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toBe("unexpected additional input data for model 'simple'")
  })

  it('an empty body is refused', async () => {
    const reply = await engine.inferJson('simple', '')
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toBe('the request body is empty')
  })
})
