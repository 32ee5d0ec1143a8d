import { identityModel, addSubModel } from '../../perf/bench/models'
import { datatypeCases as cases } from '../support/engine/datatype-cases'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, errorOf, outputsOf, stringBytes } from '../support/engine/infer'

const shape = [1, 2]
const text = (datatype: string, data: string) =>
  `{"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"${datatype}","data":[${data}]}]}`

describe('tensors', () => {
  let engine: TestEngine

  beforeAll(async () => {
    const identities = cases.map(({ type }) => [type, identityModel(type)] as const)
    engine = await TestEngine.start({
      models: {
        ...Object.fromEntries(identities),
        simple: addSubModel(),
        fixed: identityModel('float32', [3]),
        loose: identityModel('float32', ['A', 'B', 'C']),
        label: identityModel('string', [1]),
      },
    })
  })

  afterAll(() => engine.stop())

  const withJson = cases.filter(({ json }) => json !== null)

  it.each(withJson)('$datatype goes in and out as JSON digit for digit', async (type) => {
    const reply = await engine.inferJson(type.type, text(type.datatype, type.json!.join(',')))
    expect(reply.status).toBe(200)
    expect(reply.body.toString()).toBe(
      `{"model_name":"${type.type}","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"${type.datatype}","shape":[1,2],"data":[${type.json!.join(',')}]}]}`,
    )
  })

  it.each(cases)('$datatype goes in and out as bytes', async ({ type, datatype, bytes }) => {
    const input = { name: 'INPUT0', datatype, shape, bytes }
    // Every length of the header, so that the tensor begins at every place within eight bytes.
    for (let pad = 0; pad < 8; pad++) {
      const header = {
        inputs: [binaryInput(input)],
        parameters: { binary_data_output: true },
        pad: ' '.repeat(pad),
      }
      const reply = await engine.inferBinary(type, header, [bytes])
      expect(reply.status).toBe(200)
      expect(reply.headers['content-type']).toBe('application/octet-stream')
      expect(outputsOf(reply)).toEqual([{ name: 'OUTPUT0', datatype, shape, bytes }])
    }
  })

  it.each(cases)('$datatype goes in as a raw body', async ({ type, datatype, bytes }) => {
    const body = datatype === 'BYTES' ? 'one' : bytes
    const reply = await engine.call({
      method: 'POST',
      path: `/v2/models/${type === 'string' ? 'label' : type}/infer`,
      headers: { 'inference-header-content-length': 0 },
      body,
    })
    expect(outputsOf(reply)[0]!.bytes).toEqual(datatype === 'BYTES' ? stringBytes('one') : bytes)
  })

  it('a request without Content-Length is read to its end', async () => {
    const bytes = bytesOf(Float64Array.of(1, 2))
    const header = JSON.stringify({
      inputs: [binaryInput({ name: 'INPUT0', datatype: 'FP64', shape, bytes })],
      outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }],
    })
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/float64/infer',
      headers: { 'inference-header-content-length': header.length, 'transfer-encoding': 'chunked' },
      body: Buffer.concat([Buffer.from(header), bytes]),
    })
    expect(outputsOf(reply)[0]!.bytes).toEqual(bytes)
  })

  it('JSON and binary inputs and outputs mix in one request', async () => {
    const numbers = Array.from({ length: 16 }, (_, index) => index)
    const bytes = bytesOf(Int32Array.from(numbers))
    const header = {
      id: 'é1',
      inputs: [
        { name: 'INPUT1', shape: [1, 16], datatype: 'INT32', data: [numbers] },
        binaryInput({ name: 'INPUT0', datatype: 'INT32', shape: [1, 16], bytes }),
      ],
      outputs: [{ name: 'OUTPUT1', parameters: { binary_data: false } }, { name: 'OUTPUT0' }],
      parameters: { binary_data_output: true },
    }
    const reply = await engine.inferBinary('simple', header, [bytes])
    expect(Object.keys(reply.json)).toEqual(['id', 'model_name', 'model_version', 'outputs'])
    expect(reply.json['id']).toBe('é1')
    expect(outputsOf(reply)).toEqual([
      { name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16], data: numbers.map(() => 0) },
      {
        name: 'OUTPUT0',
        datatype: 'INT32',
        shape: [1, 16],
        bytes: bytesOf(Int32Array.from(numbers, (number) => 2 * number)),
      },
    ])
  })

  it('a negative zero keeps its sign', async () => {
    const reply = await engine.inferJson('float32', text('FP32', '-0.0, 0'))
    expect(reply.body.toString()).toContain('"data":[-0.0,0]')
  })

  it('bare NaN and infinities are understood and written', async () => {
    const reply = await engine.inferJson('float32', text('FP32', 'NaN, -Infinity'))
    expect(reply.body.toString()).toContain('"data":[NaN,-Infinity]')
  })

  it('an empty batch is answered with an empty batch', async () => {
    const reply = await engine.inferJson('float32', {
      inputs: [{ name: 'INPUT0', shape: [0, 2], datatype: 'FP32', data: [] }],
    })
    expect(outputsOf(reply)).toEqual([
      { name: 'OUTPUT0', datatype: 'FP32', shape: [0, 2], data: [] },
    ])
  })

  const refusals: [string, string, string, string][] = [
    [
      'FP16 values in JSON',
      'float16',
      text('FP16', '1,2'),
      'receiving FP16 data via JSON is not supported. Please use the binary data format for input INPUT0',
    ],
    [
      'a number for BOOL',
      'bool',
      text('BOOL', '1,0'),
      "Unable to parse 'data': attempt to access JSON non-boolean as boolean",
    ],
    [
      'a fraction for INT32',
      'int32',
      text('INT32', '1.5,0'),
      "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer",
    ],
    [
      'an integer out of range',
      'int8',
      text('INT8', '128,0'),
      "Unable to parse 'data': 128 is out of the range of INT8",
    ],
    [
      'a 64-bit integer out of range',
      'int64',
      text('INT64', '9223372036854775808,0'),
      "Unable to parse 'data': 9223372036854775808 is out of the range of INT64",
    ],
    [
      'a 64-bit integer that is not written out',
      'int64',
      text('INT64', '1e19,0'),
      'cannot be read as INT64 exactly',
    ],
    [
      'a negative number for UINT64',
      'uint64',
      text('UINT64', '-1,0'),
      "Unable to parse 'data': -1 is out of the range of UINT64",
    ],
    [
      'a string for FP32',
      'float32',
      text('FP32', '"1",0'),
      "Unable to parse 'data': attempt to access JSON non-number as number",
    ],
    [
      'a number for BYTES',
      'string',
      text('BYTES', '1,2'),
      "Unable to parse 'data': attempt to access JSON non-string as string",
    ],
    [
      'half a surrogate pair',
      'string',
      text('BYTES', '"\\ud800",""'),
      "input 'INPUT0' has a BYTES element that is not UTF-8",
    ],
    [
      'fewer values than the shape',
      'float32',
      text('FP32', '1'),
      "Unable to parse 'data': Shape does not match true shape of 'data' field",
    ],
    [
      'more values than the shape',
      'float32',
      text('FP32', '1,2,3'),
      "Unable to parse 'data': Shape does not match true shape of 'data' field",
    ],
  ]

  it.each(refusals)('%s is refused', async (_name, model, body, message) => {
    const reply = await engine.inferJson(model, body)
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
  })

  const badStrings: [string, Buffer, string][] = [
    ['half a length', Buffer.from([1, 0]), 'incomplete string length indicator'],
    ['a length beyond the end', Buffer.from([9, 0, 0, 0, 65]), 'incomplete string data'],
    [
      'one string too few',
      stringBytes('a'),
      "unexpected number of string elements 1 for inference input 'INPUT0' for model 'string', expecting 2",
    ],
    ['one string too many', stringBytes('a', 'b', 'c'), 'unexpected number of string elements 3'],
  ]

  it.each(badStrings)('binary strings with %s are refused', async (_name, bytes, message) => {
    const header = { inputs: [binaryInput({ name: 'INPUT0', datatype: 'BYTES', shape, bytes })] }
    const reply = await engine.inferBinary('string', header, [bytes])
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
  })

  it('a BOOL byte other than 0 and 1 is refused', async () => {
    const bytes = Buffer.from([1, 2])
    const header = { inputs: [binaryInput({ name: 'INPUT0', datatype: 'BOOL', shape, bytes })] }
    const reply = await engine.inferBinary('bool', header, [bytes])
    expect(errorOf(reply)).toBe("input 'INPUT0' has a BOOL element that is neither 0 nor 1")
  })

  const raw: [string, string, number, string][] = [
    ['a model with two inputs', 'simple', 128, "needs a model with one input, 'simple' has 2"],
    ['a size that is no multiple of a row', 'float32', 7, 'Expected 4, got 7'],
    [
      'another size than the fixed shape',
      'fixed',
      8,
      "input byte size mismatch for input 'INPUT0' for model 'fixed'. Expected 12, got 8",
    ],
    ['two variable dimensions', 'loose', 8, 'more than one variable dimension'],
  ]

  it.each(raw)('a raw body for %s is refused', async (_name, model, sizeBytes, message) => {
    const reply = await engine.call({
      method: 'POST',
      path: `/v2/models/${model}/infer`,
      headers: { 'inference-header-content-length': 0 },
      body: Buffer.alloc(sizeBytes),
    })
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain(message)
  })
})
