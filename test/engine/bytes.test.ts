import fc from 'fast-check'
import { identityModel } from '../../perf/bench/models'
import { onnxModel } from '../../perf/bench/onnx-model'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, errorOf, outputsOf, stringBytes } from '../support/engine/infer'

const strings = { type: 'string', shape: ['N'] } as const

/** PLACE = for each string, which of the different ones it is; Y = the different ones. */
function distinctModel(): Buffer {
  return onnxModel({
    nodes: [{ op: 'Unique', inputs: ['x'], outputs: ['Y', '', 'PLACE'] }],
    inputs: [{ name: 'x', ...strings }],
    outputs: [
      { name: 'Y', type: 'string', shape: ['K'] },
      { name: 'PLACE', type: 'int64', shape: ['N'] },
    ],
  })
}

/** y = x in the order of i. */
function gatherModel(): Buffer {
  return onnxModel({
    nodes: [{ op: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }],
    inputs: [
      { name: 'x', type: 'string', shape: ['K'] },
      { name: 'i', type: 'int64', shape: ['L'] },
    ],
    outputs: [{ name: 'y', type: 'string', shape: ['L'] }],
  })
}

const base = 0xf700
const privateText = String.fromCharCode(base, base + 0x41, base + 255)

/** Bytes of every kind: text, the private range itself, pieces of UTF-8, noise. */
const element = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text.toWellFormed())),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(
      fc
        .constantFrom('\0', 'a', '€', '🐢', '\ufeff', privateText, '\uf6ff', '\uf800', '\uffff')
        .map((text) => Buffer.from(text)),
      { maxLength: 6 },
    )
    .chain((parts) => {
      const whole = Buffer.concat(parts)
      const end = { max: whole.length }
      return fc.tuple(fc.nat(end), fc.nat(end)).map(([a, b]) => whole.subarray(a, b))
    }),
)

function elementsOf(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at)
    elements.push(bytes.subarray(at + 4, end))
    at = end
  }
  return elements
}

const isText = (bytes: Uint8Array) => {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

describe('BYTES', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        same: identityModel('string', ['N']),
        label: identityModel('string', [1]),
        distinct: [{ file: distinctModel(), settings: { batching: false } }],
        gather: gatherModel(),
      },
      settings: { inference: { queueMax: 1000, batchTargetMs: 1000 } },
    })
  })

  afterAll(() => engine.stop())

  const input = (name: string, elements: readonly Uint8Array[]) => {
    const bytes = stringBytes(...elements)
    return {
      header: binaryInput({ name, datatype: 'BYTES', shape: [elements.length], bytes }),
      bytes,
    }
  }

  function binary(elements: readonly Uint8Array[], binaryOutput = true) {
    const { header, bytes } = input('INPUT0', elements)
    return engine.inferBinary(
      'same',
      { inputs: [header], parameters: { binary_data_output: binaryOutput } },
      [bytes],
    )
  }

  async function throughBinary(elements: readonly Uint8Array[]) {
    const reply = await binary(elements)
    expect(reply.status).toBe(200)
    // Without a byte of output there is no binary part.
    const bytes = outputsOf(reply)[0]!.bytes ?? Buffer.alloc(0)
    expect(bytes.equals(stringBytes(...elements))).toBe(true)
  }

  async function throughJson(elements: readonly Uint8Array[]) {
    const reply = await binary(elements, false)
    if (elements.every(isText)) {
      const texts = elements.map((bytes) => Buffer.from(bytes).toString())
      expect(outputsOf(reply)[0]!.data).toEqual(texts)
      const again = await engine.inferJson('same', {
        inputs: [{ name: 'INPUT0', shape: [texts.length], datatype: 'BYTES', data: texts }],
      })
      expect(outputsOf(again)[0]!.data).toEqual(texts)
    } else {
      expect(reply.status).toBe(400)
      expect(errorOf(reply)).toContain('Please use binary_data=True')
    }
  }

  it('come back byte for byte in both encodings, joined with others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        async (requests) => {
          await Promise.all(requests.flatMap((one) => [throughBinary(one), throughJson(one)]))
        },
      ),
      { numRuns: 60 },
    )
    const largest = Math.max(...engine.perfLines().map(({ b }) => (b as number | undefined) ?? 0))
    expect(largest).toBeGreaterThan(4)
  })

  it('every byte, and every code point, come back', async () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte))
    await throughBinary(bytes)
    await throughBinary([Buffer.concat(bytes), Buffer.concat(bytes.toReversed())])
    const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
      (point) => point < 0xd800 || point > 0xdfff,
    )
    const texts: Buffer[] = []
    for (let at = 0; at < points.length; at += 1000)
      texts.push(Buffer.from(String.fromCodePoint(...points.slice(at, at + 1000))))
    await throughBinary(texts)
    await throughJson(texts)
  })

  it('NUL in JSON and lengths that UTF-8 forbids', async () => {
    const reply = await engine.inferJson(
      'same',
      '{"inputs":[{"name":"INPUT0","shape":[2],"datatype":"BYTES","data":["a\\u0000b","\\uf741"]}]}',
    )
    expect(outputsOf(reply)[0]!.data).toEqual(['a\0b', '\uf741'])
    for (const bytes of [
      [0xc0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x9f, 0x90],
    ])
      await throughBinary([Buffer.from(bytes)])
  })

  it('a raw body may be any bytes', async () => {
    const body = Buffer.from([0, 255, 1, 0])
    const reply = await engine.call({
      method: 'POST',
      path: '/v2/models/label/infer',
      headers: { 'inference-header-content-length': 0 },
      body,
    })
    expect(outputsOf(reply)[0]!.bytes).toEqual(stringBytes(body))
  })

  it('stay equal, and different, inside the model', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(element, { minLength: 1 }), async (elements) => {
        const x = input('x', [...elements, ...elements])
        const header = { inputs: [x.header], parameters: { binary_data_output: true } }
        const reply = await engine.inferBinary('distinct', header, [x.bytes])
        const [y, place] = outputsOf(reply)
        const different = new Set(elements.map((bytes) => bytes.toString('hex')))
        expect(y!.shape).toEqual([different.size])
        const places = [...new BigInt64Array(Uint8Array.from(place!.bytes!).buffer)].map(Number)
        const found = elementsOf(y!.bytes!)
        expect(places.map((at) => found[at])).toEqual([...elements, ...elements])
      }),
      { numRuns: 30 },
    )
  })

  it('are put back wherever they end up', async () => {
    const elements = [Buffer.of(0), Buffer.of(255), Buffer.from('plain')]
    const x = input('x', elements)
    const header = {
      inputs: [x.header, { name: 'i', shape: [4], datatype: 'INT64', data: [2, 1, 0, 1] }],
      parameters: { binary_data_output: true },
    }
    const reply = await engine.inferBinary('gather', header, [x.bytes])
    expect(outputsOf(reply)[0]!.bytes).toEqual(
      stringBytes('plain', Buffer.of(255), Buffer.of(0), Buffer.of(255)),
    )
  })
})
