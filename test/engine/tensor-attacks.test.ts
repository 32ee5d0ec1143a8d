import { addSubModel, identityModel } from '../../perf/bench/models'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, errorOf, outputsOf } from '../support/engine/infer'

interface Attack {
  row: string
  name: string
  model: 'floats' | 'longs' | 'strings'
  /** Raw JSON: some of it no JavaScript value could say. */
  shape: string
  /** In JSON; or the bytes that follow it. */
  data: string | Buffer
  /** What the input says of those bytes, when it does not say the truth. */
  binaryDataSize?: string
  says: string
}

const floats = { model: 'floats', row: 'G1' } as const
const notUnsigned = 'attempt to access JSON non-unsigned-integer as unsigned-integer'
const tooMany = 'causes total element count to exceed maximum size'
const otherShape = "Unable to parse 'data': Shape does not match true shape of 'data' field"

const shapes: Attack[] = [
  { ...floats, name: 'fewer values', shape: '[2,3]', data: '[1,2,3,4]', says: otherShape },
  { ...floats, name: 'more values', shape: '[1,3]', data: '[1,2,3,4]', says: otherShape },
  { ...floats, name: 'negative', shape: '[-2,-2]', data: '[1,2,3,4]', says: notUnsigned },
  { ...floats, name: 'fractions', shape: '[2.5,1.6]', data: '[1,2,3,4]', says: notUnsigned },
  { ...floats, name: 'text', shape: '["4",1]', data: '[1,2,3,4]', says: notUnsigned },
  { ...floats, name: 'NaN', shape: '[NaN,4]', data: '[1,2,3,4]', says: notUnsigned },
  { ...floats, name: 'null', shape: '[null,4]', data: '[1,2,3,4]', says: notUnsigned },
  { ...floats, name: '2^64', shape: '[18446744073709551616,1]', data: '[]', says: tooMany },
  { ...floats, name: '2^32 squared', shape: '[4294967296,4294967296]', data: '[]', says: tooMany },
  {
    ...floats,
    row: 'G2',
    name: '0 and 2^40',
    shape: '[0,1099511627776]',
    data: '[]',
    says: tooMany,
  },
  { ...floats, row: 'G2', name: '0 and 2^31', shape: '[0,2147483648]', data: '[]', says: tooMany },
  {
    ...floats,
    row: 'G3',
    name: 'rank 100,000',
    shape: `[${new Array(100_000).fill(1).join(',')}]`,
    data: '[1]',
    says: '100000 dimensions, more than 16',
  },
]

const million = { model: 'floats', row: 'G4', shape: '[1000000,1000000]' } as const
const bytes = Buffer.alloc(16)

const sizes: Attack[] = [
  { ...million, name: 'declared large', data: bytes, says: 'Expected 4000000000000, got 16' },
  { ...million, name: 'declared large in JSON', data: '[1,2]', says: otherShape },
  {
    ...million,
    name: 'declared large twice',
    data: bytes,
    binaryDataSize: '4000000000000',
    says: "unexpected size for input 'INPUT0', expecting 3999999999984 additional bytes",
  },
  {
    ...floats,
    row: 'G4',
    name: 'bytes that are no whole element',
    shape: '[1,4]',
    data: bytes.subarray(1),
    says: 'Expected 16, got 15',
  },
  {
    ...floats,
    row: 'G4',
    name: 'a negative size',
    shape: '[1,4]',
    data: bytes,
    binaryDataSize: '-16',
    says: notUnsigned,
  },
  {
    model: 'longs',
    row: 'G4',
    name: '2^63 as INT64',
    shape: '[1,1]',
    data: '[9223372036854775808]',
    says: '9223372036854775808 is out of the range of INT64',
  },
  {
    model: 'strings',
    row: 'G4',
    name: 'more strings than are taken',
    shape: '[1,1000001]',
    data: Buffer.alloc(4 * 1_000_001),
    says: 'has 1000001 string elements, more than 1000000',
  },
  {
    model: 'strings',
    row: 'G4',
    name: 'a string that is longer than the body',
    shape: '[1,1]',
    data: Buffer.from('ffffff7f61', 'hex'),
    says: 'incomplete string data',
  },
]

const datatypes = { floats: 'FP32', longs: 'INT64', strings: 'BYTES' } as const

describe('tensors that are not what they say', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        floats: identityModel('float32'),
        longs: identityModel('int64'),
        strings: identityModel('string'),
        simple: addSubModel(),
      },
    })
  })
  afterAll(() => engine.stop())

  it.each([...shapes, ...sizes])('$row: $name', async (attack) => {
    const { model, shape, data, binaryDataSize, says } = attack
    const blobs = typeof data === 'string' ? [] : [data]
    const values =
      typeof data === 'string'
        ? `"data":${data}`
        : `"parameters":{"binary_data_size":${binaryDataSize ?? data.length}}`
    const input = `{"name":"INPUT0","datatype":"${datatypes[model]}","shape":${shape},${values}}`
    const beforeKib = engine.residentKib()
    const reply = await engine.inferBinary(model, `{"inputs":[${input}]}`, blobs)
    expect([reply.status, errorOf(reply)]).toEqual([400, expect.stringContaining(says) as string])
    expect(engine.residentKib() - beforeKib).toBeLessThan(256 * 1024)
  })

  it('G4: what a float can be comes back, whichever end it is read from', async () => {
    const values = Float32Array.of(NaN, Infinity, -Infinity, -0, 1e-45)
    const swapped = Buffer.from(values.buffer.slice(0)).swap32()
    for (const blob of [Buffer.from(values.buffer), swapped]) {
      const tensor = { name: 'INPUT0', datatype: 'FP32', shape: [1, 5], bytes: blob }
      const parameters = { binary_data_output: true }
      const request = { inputs: [binaryInput(tensor)], parameters }
      const [output] = outputsOf(await engine.inferBinary('floats', request, [blob]))
      expect(output!.bytes!.equals(blob)).toBe(true)
    }
  })

  it('G4: a million empty strings are a million empty strings', async () => {
    const blob = Buffer.alloc(4_000_000)
    const tensor = { name: 'INPUT0', datatype: 'BYTES', shape: [1, 1_000_000], bytes: blob }
    const request = { inputs: [binaryInput(tensor)], parameters: { binary_data_output: true } }
    const [output] = outputsOf(await engine.inferBinary('strings', request, [blob]))
    expect(output!.bytes!.equals(blob)).toBe(true)
  })

  it.each([
    ['unknown', (index: number) => `X${index}`, "unexpected inference output 'X0'"],
    ['the same', () => 'OUTPUT0', "output 'OUTPUT0' already exists in request"],
    ['of other objects', () => '__proto__', "unexpected inference output '__proto__'"],
  ])('G5: a hundred thousand outputs, %s', async (_which, name, says) => {
    const tensor = { datatype: 'INT32', shape: [1, 16], data: new Array<number>(16).fill(1) }
    const inputs = ['INPUT0', 'INPUT1'].map((input) => ({ name: input, ...tensor }))
    const outputs = Array.from({ length: 100_000 }, (_, index) => ({ name: name(index) }))
    const reply = await engine.inferJson('simple', { inputs, outputs })
    expect([reply.status, errorOf(reply)]).toEqual([400, expect.stringContaining(says) as string])
  })
})
