import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addSubModel, zerosModel } from '../../perf/bench/models'
import { refusalOf } from '../../webserver/model/onnx/scan-onnx'
import {
  constantOfShapeModel,
  customOperatorModel,
  externalModels,
  hiddenExternalModel,
  longModel,
  nestedIfModel,
  stringsModel,
  trainingOperatorModel,
  unknownOpsetModel,
} from '../support/engine/attack-models'
import { TestEngine } from '../support/engine/engine-process'
import { errorOf, outputsOf, servesSimple } from '../support/engine/infer'

const gibibyte = 1024 ** 3
const external = 'model.onnx keeps tensors in external data, which is not served'

async function expectReason(engine: TestEngine, model: string, reason: string | RegExp) {
  const reply = await engine.call({ path: `/v2/models/${model}/ready` })
  expect(reply.status).toBe(503)
  expect(errorOf(reply)).toMatch(reason)
  expect(errorOf(reply)).not.toMatch(/onnxruntime_src|\/tmp\//)
}

const one = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [7] }] }

describe('G6: data in other files', () => {
  const places = Object.keys(externalModels(''))
  const files = ['w.bin', '../w.bin', '/etc/passwd', '/dev/zero', 'link', 'linked/w.bin']
  let directory: string

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'gristmill-external-'))
    writeFileSync(join(directory, 'w.bin'), Buffer.alloc(64))
    symlinkSync('/etc/passwd', join(directory, 'link'))
    symlinkSync('/etc', join(directory, 'linked'))
  })

  function refusalOfBytes(bytes: Uint8Array): string | null {
    writeFileSync(join(directory, 'model.onnx'), bytes)
    return refusalOf(join(directory, 'model.onnx'))
  }

  it.each(places)('are refused in this place: %s', (place) => {
    for (const file of files) expect(refusalOfBytes(externalModels(file)[place]!)).toBe(external)
  })

  it('are not found by a tag that only protobuf reads so', () => {
    // Protobuf keeps 32 bits of a tag: with a bit above them, the field looks like one that nobody knows.
    expect(refusalOfBytes(hiddenExternalModel('w.bin'))).toBe('model.onnx is not an ONNX file')
  })
})

describe('G6 and G9: model files that cannot be served', () => {
  let engine: TestEngine

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gristmill-engine-'))
    const place = (name: string, put: (path: string) => void, file = 'model.onnx') => {
      const version = join(directory, 'models', name, '1')
      mkdirSync(version, { recursive: true })
      put(join(version, file))
    }
    const pipe = (path: string) => void spawnSync('mkfifo', [path])
    place('pipe', pipe)
    place('endless', (path) => symlinkSync('/dev/zero', path))
    place('folder', (path) => mkdirSync(path))
    place('loop', (path) => symlinkSync(path, path))
    place('settings', pipe, 'model.json')
    place('settings', (path) => writeFileSync(path, addSubModel()))
    place('sparse', (path) => {
      // A whole model, then an unknown field of two gigabytes, of which the disk holds nothing.
      writeFileSync(path, Buffer.concat([addSubModel(), Buffer.from('9a3f8080808008', 'hex')]))
      truncateSync(path, addSubModel().length + 7 + 2 * gibibyte)
    })
    const external = Object.entries(externalModels('/etc/passwd'))
    engine = await TestEngine.start({
      directory,
      models: {
        simple: addSubModel(),
        ...Object.fromEntries(external.map(([name, file]) => [`external-${name}`, file])),
        noise: Buffer.from(
          Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) & 255),
        ),
        'if-20': nestedIfModel(20),
        'if-45': nestedIfModel(45),
        'if-90': nestedIfModel(90),
        custom: customOperatorModel(),
        opset: unknownOpsetModel(),
        training: trainingOperatorModel(),
        negative: constantOfShapeModel([-1n]),
      },
    })
  })
  afterAll(() => engine.stop())

  it.each([
    ...Object.keys(externalModels('')).map((place): [string, string] => [
      `external-${place}`,
      external,
    ]),
    ['pipe', 'model.onnx is not a file'],
    ['endless', 'model.onnx is not a file'],
    ['folder', 'model.onnx is not a file'],
    ['loop', 'model.onnx cannot be read'],
    ['settings', 'model.json is not a file'],
    ['sparse', 'Protobuf parsing failed'],
    ['noise', /^.*model.onnx is (not an ONNX file|truncated or is not an ONNX file)$/],
    ['if-45', 'Protobuf parsing failed'],
    ['if-90', 'model.onnx nests deeper than 200'],
    ['custom', 'com.example:Anything(-1) is not a registered function/op'],
    ['opset', 'Opset 999 is under development'],
    ['training', 'ai.onnx.preview.training:Adam(-1) is not a registered function/op'],
    ['negative', 'shape input tensor must have non-negative elements'],
  ])('%s has its reason, and the others are served', async (name, reason) => {
    await expectReason(engine, name, reason)
    expect(await servesSimple(engine)).toBe(true)
  })

  it('an If in an If, twenty deep, is served', async () => {
    expect(outputsOf(await engine.inferJson('if-20', one))[0]!.data).toEqual([7])
  })
})

describe('G7: models that ask for more memory than there is', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        zeros: zerosModel(),
        huge: constantOfShapeModel([2n ** 36n]),
        overflow: constantOfShapeModel([2n ** 33n, 2n ** 33n]),
      },
      settings: { inference: { memoryBytesMax: 3 * gibibyte } },
    })
  })
  afterAll(() => engine.stop())

  const zeros = (length: number) => ({
    inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [length] }],
  })

  it.each([
    ['huge', one, 503, 'asks for more memory than an engine may have'],
    ['overflow', one, 500, 'Integer overflow'],
    ['zeros', zeros(10 ** 12), 500, 'failed to run'],
    ['zeros', zeros(10 ** 9), 500, 'failed to run'],
    ['zeros', zeros(2 ** 62), 500, 'failed to run'],
    ['zeros', zeros(-1), 500, 'failed to run'],
    ['zeros', zeros(20_000_000), 400, 'the outputs have 80000000 bytes, more than the maximum of'],
  ])('%s with %j fails alone', async (model, request, status, reason) => {
    const reply = await engine.inferJson(model, request)
    expect([reply.status, errorOf(reply)]).toEqual([
      status,
      expect.stringContaining(reason) as string,
    ])
    expect(errorOf(reply)).not.toContain('onnxruntime_src')
    expect(await servesSimple(engine)).toBe(true)
    expect(engine.child.exitCode).toBeNull()
  })
})

describe('G9: models that are large where others are small', () => {
  it('strings are served', async () => {
    const engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        string: stringsModel(['x'.repeat(20_000_000)]),
        strings: stringsModel(new Array<string>(1_000_000).fill('ab')),
      },
    })
    for (const [model, count] of [
      ['string', 1],
      ['strings', 1_000_000],
    ] as const)
      expect(outputsOf(await engine.inferJson(model, one))[0]!.data).toHaveLength(count)
    expect(await servesSimple(engine)).toBe(true)
    await engine.stop()
  })

  it('a million nodes take their engine no longer than a load may take', async () => {
    const models = { simple: addSubModel(), nodes: longModel(1_000_000) }
    const settings = { inference: { loadTimeoutMs: 2000 } }
    const directory = mkdtempSync(join(tmpdir(), 'gristmill-engine-'))
    // An engine that the load has ended is replaced, as the primary would do it.
    const engine = await TestEngine.start({ models, settings, directory }).catch(() =>
      TestEngine.start({ models: {}, settings, directory }),
    )
    await expectReason(engine, 'nodes', 'the model did not load in time')
    expect(await servesSimple(engine)).toBe(true)
    await engine.stop()
  })
})
