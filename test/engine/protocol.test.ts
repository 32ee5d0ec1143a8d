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

describe('the protocol', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        text: identityModel('string', ['N']),
        half: identityModel('float16'),
        versions: [
          { file: identityModel('int32', [4]), version: '2' },
          { file: identityModel('int32', [3]), version: '10' },
          { file: identityModel('int32', [2]), version: '9', settings: { platform: 'mine' } },
          { file: Buffer.from('junk'), version: '11' },
        ],
      },
    })
  })

  afterAll(() => engine.stop())

  const described: [string, object][] = [
    ['/v2', { name: 'gristmill', extensions: ['binary_tensor_data'] }],
    ['/v2/', { name: 'gristmill' }],
    ['/v2?test=1', { name: 'gristmill' }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/simple/ready', { name: 'simple', ready: true }],
    ['/v2/models/simple/versions/1/ready', { name: 'simple', ready: true }],
    [
      '/v2/models/simple',
      {
        name: 'simple',
        versions: ['1'],
        platform: 'onnxruntime_onnx',
        inputs: [
          { name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] },
          { name: 'INPUT1', datatype: 'INT32', shape: [-1, 16] },
        ],
        outputs: [
          { name: 'OUTPUT0', datatype: 'INT32', shape: [-1, 16] },
          { name: 'OUTPUT1', datatype: 'INT32', shape: [-1, 16] },
        ],
      },
    ],
    [
      '/v2/models/versions',
      {
        versions: ['2', '9', '10', '11'],
        inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [3] }],
      },
    ],
    [
      '/v2/models/versions/versions/9',
      {
        versions: ['9'],
        platform: 'mine',
        inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [2] }],
      },
    ],
  ]

  it.each(described)('GET %s describes', async (path, expected) => {
    const reply = await engine.call({ path })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.json).toMatchObject(expected)
  })

  it('GET /v2/models lists what is loaded and what is not', async () => {
    const { json } = await engine.call({ path: '/v2/models' })
    expect(json['models']).toContainEqual({
      name: 'versions',
      version: '11',
      state: 'UNAVAILABLE',
      reason: 'model.onnx is truncated or is not an ONNX file',
    })
    expect(json['models']).toContainEqual({
      name: 'simple',
      version: '1',
      state: 'READY',
      reason: '',
    })
  })

  const misses: [string, string, number, string][] = [
    ['GET', '/v2/models/x', 404, "Request for unknown model: 'x' is not found"],
    ['GET', '/v2/models/x/ready', 404, "Request for unknown model: 'x' is not found"],
    ['POST', '/v2/models/x/infer', 404, "Request for unknown model: 'x' is not found"],
    ['GET', '/v2/models/..%2fetc', 404, "Request for unknown model: '../etc' is not found"],
    ['GET', '/v2/models/constructor', 404, "Request for unknown model: 'constructor' is not found"],
    [
      'GET',
      '/v2/models/simple/versions/7',
      404,
      "Request for unknown model: 'simple' version 7 is not found",
    ],
    [
      'GET',
      '/v2/models/versions/versions/11/ready',
      503,
      "Request for model 'versions' version 11 is not at ready state: model.onnx is truncated or is not an ONNX file",
    ],
    ['GET', '/v2/models/simple/other', 404, 'Not Found'],
    ['GET', '/v2/models/%zz', 404, 'Not Found'],
    ['GET', '/', 404, 'Not Found'],
    ['GET', '/v2/models/simple/infer', 405, 'Method Not Allowed'],
    ['POST', '/v2', 405, 'Method Not Allowed'],
    ['DELETE', '/v2/models/simple', 405, 'Method Not Allowed'],
  ]

  it.each(misses)('%s %s is answered %i', async (method, path, status, error) => {
    const reply = await engine.call({ method, path })
    expect(reply.status).toBe(status)
    expect(reply.json).toEqual({ error })
  })

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

  const unserved: [string, object][] = [
    ['shared memory inputs', without({ parameters: { shared_memory_region: 'r' } })],
    [
      'classification',
      { inputs: both, outputs: [{ name: 'OUTPUT0', parameters: { classification: 1 } }] },
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

  it('one request leaves one line in the perf log, with its stages', async () => {
    await engine.call({
      method: 'POST',
      path: '/v2/models/simple/infer',
      headers: { 'x-request-id': 'line-1', 'x-gristmill-account': 'account-1' },
      body: JSON.stringify({ inputs: both }),
    })
    const line = engine.perfLines().find(({ r }) => r === 'line-1')
    expect(line).toMatchObject({
      rt: 'POST /v2/models/:model/infer',
      s: 200,
      m: 'simple',
      b: 1,
      u: 'account-1',
    })
    for (const stage of ['read', 'parse', 'batch_wait', 'infer', 'write'])
      expect(line).toHaveProperty(stage)
  })
})
