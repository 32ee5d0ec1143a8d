import { addSubModel, identityModel } from '../../perf/bench/models'
import { datatypeCases } from '../support/engine/datatype-cases'
import { type Reply, TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, errorOf, outputsOf, stringBytes } from '../support/engine/infer'
import { npyByType, otherNpy } from '../support/engine/npy-files'

const npy = 'application/x-npy'
const file = (base64: string) => Buffer.from(base64, 'base64')

describe('application/x-npy', () => {
  let engine: TestEngine

  beforeAll(async () => {
    const identities = datatypeCases.map(({ type }) => [type, identityModel(type)] as const)
    engine = await TestEngine.start({
      models: {
        ...Object.fromEntries(identities),
        simple: addSubModel(),
        vector: identityModel('float32', ['N']),
        scalar: identityModel('float32', []),
      },
    })
  })

  afterAll(() => engine.stop())

  const post = (path: string, headers: Record<string, string | number>, body: Buffer | string) =>
    engine.call({ method: 'POST', path: `/v2/models/${path}`, headers, body })
  const send = (path: string, body: Buffer, accept?: string) =>
    post(path, { 'content-type': npy, ...(accept === undefined ? {} : { accept }) }, body)

  it.each(datatypeCases)('$datatype comes back as the file that NumPy wrote', async ({ type }) => {
    const sent = file(npyByType[type]!)
    const reply = await send(`${type}/infer`, sent, npy)
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe(npy)
    expect(reply.headers['inference-header-content-length']).toBeUndefined()
    expect(reply.body).toEqual(sent)
  })

  const withJson = datatypeCases.filter(({ json }) => json !== null)

  it.each(withJson)('$datatype is answered in JSON unless asked otherwise', async (one) => {
    const reply = await send(`${one.type}/infer`, file(npyByType[one.type]!), '*/*')
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.body.toString()).toContain(`"shape":[1,2],"data":[${one.json!.join(',')}]`)
  })

  it('FP16 has to be asked for as a file', async () => {
    const reply = await send('float16/infer', file(npyByType['float16']!))
    expect(reply.status).toBe(400)
    expect(errorOf(reply)).toContain('or ask for application/x-npy')
  })

  it('JSON and binary requests are answered in a file too', async () => {
    const json = JSON.stringify({
      inputs: [{ name: 'INPUT0', shape: [1, 2], datatype: 'FP32', data: [0.5, -3.5] }],
    })
    const accept = 'application/json;q=0.5, application/x-npy'
    const answer = await post('float32/infer', { accept }, json)
    expect(answer.body).toEqual(file(npyByType['float32']!))
    // The one data type that has no JSON form needs no binary_data here.
    const half = datatypeCases.find(({ type }) => type === 'float16')!
    const tensor = { name: 'INPUT0', datatype: 'FP16', shape: [1, 2], bytes: half.bytes }
    const header = JSON.stringify({ inputs: [binaryInput(tensor)] })
    const reply = await post(
      'float16/infer',
      { accept: npy, 'inference-header-content-length': header.length },
      Buffer.concat([Buffer.from(header), half.bytes]),
    )
    expect(reply.body).toEqual(file(npyByType['float16']!))
  })

  it('a file that is refused by weight is not sent', async () => {
    const reply = await send('float32/infer', file(npyByType['float32']!), `${npy};q=0`)
    expect(reply.headers['content-type']).toBe('application/json')
  })

  it('versions 2.0 and 3.0, and Unicode strings, are read', async () => {
    for (const name of ['version2', 'version3'] as const) {
      const reply = await send('float32/infer', file(otherNpy[name]), npy)
      expect(reply.body).toEqual(file(npyByType['float32']!))
    }
    const reply = await send('string/infer', file(otherNpy.unicode))
    expect(outputsOf(reply)[0]!.data).toEqual(['ab', 'żółw 🐢'])
  })

  it.each([
    ['vector', 'vector'],
    ['scalar', 'scalar'],
    ['float32', 'empty'],
  ] as const)('%s takes %s', async (model, name) => {
    const reply = await send(`${model}/infer`, file(otherNpy[name]), npy)
    expect(reply.body).toEqual(file(otherNpy[name]))
  })

  const shapeOf = (reply: Reply) => /'shape': \(([^)]*)\)/.exec(reply.body.toString('latin1'))![1]

  it('one of several outputs is chosen by the query, or by the request', async () => {
    const data = new Array<number>(16).fill(3)
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
      ...{ name, shape: [1, 16], datatype: 'INT32', data },
    }))
    const headers = { accept: npy }
    const unclear = await post('simple/infer', headers, JSON.stringify({ inputs }))
    expect(unclear.status).toBe(400)
    expect(errorOf(unclear)).toContain("would answer ['OUTPUT0','OUTPUT1']")
    expect(errorOf(unclear)).toContain('?output=OUTPUT0')
    const sum = await post('simple/infer?output=OUTPUT0', headers, JSON.stringify({ inputs }))
    expect(shapeOf(sum)).toBe('1, 16')
    expect(sum.body.subarray(-64)).toEqual(bytesOf(new Int32Array(16).fill(6)))
    const outputs = [{ name: 'OUTPUT1' }]
    const chosen = await post('simple/infer', headers, JSON.stringify({ inputs, outputs }))
    expect(chosen.body.subarray(-64)).toEqual(Buffer.alloc(64))
    const none = await post('simple/infer?output=x', headers, JSON.stringify({ inputs }))
    expect(errorOf(none)).toBe("unexpected inference output 'x' for model 'simple'")
  })

  it('BYTES take the length of the longest, and none may end in NUL', async () => {
    const strings = async (...elements: (string | Buffer)[]) => {
      const bytes = stringBytes(...elements)
      const tensor = { name: 'INPUT0', datatype: 'BYTES', shape: [elements.length, 1], bytes }
      const header = JSON.stringify({ inputs: [binaryInput(tensor)] })
      return post(
        'string/infer',
        { accept: npy, 'inference-header-content-length': header.length },
        Buffer.concat([Buffer.from(header), bytes]),
      )
    }
    const reply = await strings('a', Buffer.of(0, 255), '')
    expect(reply.body.toString('latin1')).toContain("'descr': '|S2'")
    expect(reply.body.subarray(-6)).toEqual(Buffer.of(97, 0, 0, 255, 0, 0))
    expect((await strings('', '')).body.toString('latin1')).toContain("'descr': '|S1'")
    expect(errorOf(await strings('a\0'))).toContain('which a .npy file cannot keep')
    const wide = await strings('x'.repeat(70_000), ...new Array<string>(1000).fill(''))
    expect(errorOf(wide)).toContain('too large for a .npy file')
  })

  const sound = file(npyByType['float32']!)
  const altered = (from: string, to: string) =>
    Buffer.from(sound.toString('latin1').replace(from, to), 'latin1')

  const refusals: [string, string, Buffer, string][] = [
    ['no file', 'float32', Buffer.from('{}'), 'not a .npy file'],
    ['an empty body', 'float32', Buffer.alloc(0), 'not a .npy file'],
    ['a header cut short', 'float32', sound.subarray(0, 9), 'cut short'],
    ['a header cut later', 'float32', sound.subarray(0, 60), 'cut short'],
    ['values cut short', 'float32', sound.subarray(0, -1), 'Expected 8, got 7'],
    ['values too many', 'float32', Buffer.concat([sound, sound]), 'Expected 8, got 144'],
    ['an unknown version', 'float32', altered('NUMPY\x01', 'NUMPY\x04'), '.npy version 4'],
    ['no description', 'float32', altered("'descr'", "'other'"), 'not understood'],
    ['a shape that is none', 'float32', altered('(1, 2)', '(1,-2)'), 'not understood'],
    ['a shape of commas', 'float32', altered('(1, 2)', '(1 2, )'), "Unable to parse 'shape'"],
    ['another shape', 'vector', sound, 'Expected [-1], got [1,2]'],
    [
      'a shape without end',
      'float32',
      altered('(1, 2), }           ', '(1, 99999999999), } '),
      'total element count',
    ],
    [
      'another type',
      'float64',
      sound,
      "data-type is '<f4', but model 'float64' expects 'FP64' (<f8)",
    ],
    ['numbers for strings', 'string', sound, "expects 'BYTES' (|S or <U)"],
    ['Fortran order', 'float32', file(otherNpy.fortran), 'numpy.ascontiguousarray'],
    ['big-endian values', 'float32', file(otherNpy.bigEndian), 'big-endian'],
    ['objects', 'float32', file(otherNpy.objects), 'Python objects'],
    ['complex numbers', 'float32', file(otherNpy.complex), "data-type is '<c8'"],
    ['records', 'float32', file(otherNpy.records), 'records'],
    ['a model with two inputs', 'simple', sound, "needs a model with one input, 'simple' has 2"],
  ]

  it.each(refusals)('%s is refused', async (_name, model, body, message) => {
    const reply = await send(`${model}/infer`, body, npy)
    expect(errorOf(reply)).toContain(message)
    expect(reply.status).toBe(400)
  })

  it('a string beyond Unicode is refused', async () => {
    const body = file(otherNpy.unicode)
    body.writeUInt32LE(0xd800, 128)
    expect(errorOf(await send('string/infer', body))).toContain('not Unicode')
  })
})
