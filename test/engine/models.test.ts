import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addSubModel,
  endlessModel,
  externalDataModel,
  loopModel,
  mlpModel,
} from '../../perf/bench/models'
import { type Graph, onnxModel, weights } from '../../perf/bench/onnx-model'
import { configSchema } from '../../webserver/config/schema'
import { createLogger } from '../../webserver/platform/logger'
import { planModels } from '../../webserver/model/plan-models'
import { placeSampleModels } from '../../webserver/model/samples'
import { TestEngine } from '../support/engine/engine-process'
import { binaryInput, bytesOf, errorOf, outputsOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

const log = createLogger('silent', 'test', 1)

/** A constant kept outside, hidden in the branch of an If. */
function nestedExternalModel(): Buffer {
  const branch: Graph = {
    nodes: [{ op: 'Identity', inputs: ['w'], outputs: ['v'] }],
    inputs: [],
    outputs: [{ name: 'v', type: 'float32', shape: [1] }],
    initializers: [{ name: 'w', type: 'float32', dims: [1], data: { externalFile: '/etc/hosts' } }],
  }
  return onnxModel({
    nodes: [
      {
        op: 'If',
        inputs: ['c'],
        outputs: ['y'],
        attributes: { then_branch: { graph: branch }, else_branch: { graph: branch } },
      },
    ],
    inputs: [{ name: 'c', type: 'bool', shape: [] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1] }],
  })
}

function unknownOperatorModel(): Buffer {
  const value = { type: 'float32', shape: ['N'] } as const
  return onnxModel({
    nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', ...value }],
    outputs: [{ name: 'y', ...value }],
    initializers: [weights('w', [1], 1)],
  })
}

describe('models that cannot be loaded', () => {
  let engine: TestEngine
  const mlp = mlpModel()

  beforeAll(async () => {
    engine = await TestEngine.start({
      models: {
        simple: addSubModel(),
        external: externalDataModel('weights.bin'),
        nested: nestedExternalModel(),
        empty: Buffer.alloc(0),
        text: Buffer.from('this is no model at all, only words'),
        cut: mlp.subarray(0, mlp.length / 2),
        zeros: Buffer.alloc(4096),
        unknown: unknownOperatorModel(),
        settings: [{ file: addSubModel(), settings: '{"batching":"yes"}' }],
        broken: [{ file: addSubModel(), settings: '{' }],
        surprising: [{ file: addSubModel(), settings: '{"surprise":1}' }],
      },
    })
  })

  afterAll(() => engine.stop())

  const external = 'model.onnx keeps tensors in external data, which is not served'
  const reasons: [string, string][] = [
    ['external', external],
    ['nested', external],
    ['empty', 'model.onnx is empty'],
    ['text', 'model.onnx is'],
    ['cut', 'model.onnx is truncated or is not an ONNX file'],
    ['zeros', 'model.onnx is not an ONNX file'],
    ['unknown', 'NoSuchOperator'],
    ['settings', 'model.json: batching: '],
    ['broken', 'model.json is not JSON'],
    ['surprising', 'model.json: '],
  ]

  it.each(reasons)(
    '%s says why in its readiness, its description and the log',
    async (name, reason) => {
      for (const path of [`/v2/models/${name}/ready`, `/v2/models/${name}`]) {
        const reply = await engine.call({ path })
        expect(reply.status).toBe(503)
        expect(errorOf(reply)).toContain(reason)
        expect(errorOf(reply)).not.toContain(engine.directory)
      }
      const lines = engine.errors.split('\n').filter((line) => line.includes(`"model":"${name}"`))
      expect(lines).toHaveLength(1)
      expect(JSON.parse(lines[0]!)).toMatchObject({ level: 40, msg: 'a model could not be loaded' })
    },
  )

  it('the rest keep serving', async () => {
    expect((await engine.call({ path: '/v2/health/ready' })).status).toBe(200)
    expect((await engine.call({ path: '/v2/models/simple/ready' })).status).toBe(200)
  })

  it('each load leaves a line in the perf log', () =>
    waitUntil('the lines are there', () =>
      ['simple', 'cut'].every((model) =>
        engine.perfLines().some(({ n, m }) => n === 'model_load' && m === model),
      ),
    ))
})

describe('an engine', () => {
  it('without a models directory is ready and knows no model', async () => {
    const engine = await TestEngine.start({ models: {} })
    expect((await engine.call({ path: '/v2/models' })).json).toEqual({ models: [] })
    expect((await engine.call({ path: '/v2/health/ready' })).status).toBe(200)
    expect(await engine.stop()).toEqual([0, null])
  })

  it('of whose models none could be loaded is not ready', async () => {
    const engine = await TestEngine.start({ models: { junk: Buffer.from('junk') } })
    expect((await engine.call({ path: '/v2/health/ready' })).status).toBe(503)
    await engine.stop()
  })

  it('answers the requests in hand before it ends', async () => {
    const engine = await TestEngine.start({ models: { slow: loopModel(300_000n) } })
    const infer = () =>
      engine.inferJson('slow', {
        inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }],
      })
    // Both are sent before the first run ends, so the second one runs when the first is answered.
    const [first, second] = [infer(), infer()]
    await Promise.race([first, second])
    engine.child.send({ type: 'drain' })
    for (const reply of [await first, await second])
      expect(outputsOf(reply)[0]!.data).toEqual([300_000])
    expect(await engine.exited).toEqual([0, null])
    await engine.stop()
  })
})

describe('the sample models', () => {
  let directory: string
  let engine: TestEngine

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gristmill-samples-'))
    expect(await placeSampleModels({ modelsDirectory: join(directory, 'models'), log })).toBe(true)
    engine = await TestEngine.start({ models: {}, directory })
  })

  afterAll(() => engine.stop())

  it('are listed with their digests', async () => {
    const digests = await planModels({
      directory: join(directory, 'models'),
      settings: configSchema.parse({}).models,
    })
    expect(digests.map(({ name, version }) => `${name}/${version}`)).toEqual([
      'ppocr-cls/1',
      'ppocr-det/1',
      'ppocr-rec/1',
      'silero-vad/1',
    ])
    for (const { sha256 } of digests) expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('are not placed where a models directory is', async () => {
    const models = join(directory, 'models')
    rmSync(join(models, 'ppocr-det'), { recursive: true })
    expect(await placeSampleModels({ modelsDirectory: models, log })).toBe(false)
    expect(readdirSync(models)).not.toContain('ppocr-det')
    expect(readdirSync(directory).filter((name) => name.startsWith('models.'))).toEqual([])
  })

  it('read pictures: the recogniser answers probabilities for every step', async () => {
    const shape = [1, 3, 48, 96]
    const bytes = bytesOf(new Float32Array(3 * 48 * 96))
    const header = {
      inputs: [binaryInput({ name: 'x', datatype: 'FP32', shape, bytes })],
      parameters: { binary_data_output: true },
    }
    const [output] = outputsOf(await engine.inferBinary('ppocr-rec', header, [bytes]))
    expect(output!.shape).toEqual([1, 12, 6625])
    const copy = Uint8Array.from(output!.bytes!)
    const step = new Float32Array(copy.buffer, 0, 6625)
    expect(step.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 2)
  })

  it('hear speech: Silero takes its state back, one request at a time', async () => {
    const audio = bytesOf(Float32Array.from({ length: 576 }, (_, i) => Math.sin(i / 5)))
    let state = Buffer.alloc(2 * 128 * 4)
    const probabilities: number[] = []
    for (let step = 0; step < 3; step++) {
      const blobs = [audio, state, bytesOf(BigInt64Array.of(16_000n))]
      const header = {
        inputs: [
          binaryInput({ name: 'input', datatype: 'FP32', shape: [1, 576], bytes: audio }),
          binaryInput({ name: 'state', datatype: 'FP32', shape: [2, 1, 128], bytes: state }),
          binaryInput({ name: 'sr', datatype: 'INT64', shape: [], bytes: blobs[2]! }),
        ],
        parameters: { binary_data_output: true },
      }
      const outputs = outputsOf(await engine.inferBinary('silero-vad', header, blobs))
      const next = Buffer.from(outputs.find(({ name }) => name === 'stateN')!.bytes!)
      expect(next.equals(state)).toBe(false)
      state = next
      probabilities.push(outputs.find(({ name }) => name === 'output')!.bytes!.readFloatLE(0))
    }
    for (const probability of probabilities) expect(probability).toBeLessThan(0.5)
  })
})

describe('a load that does not end', () => {
  it('ends the engine, and the next one leaves that file alone', async () => {
    const models = { simple: addSubModel(), endless: endlessModel() }
    const settings = { inference: { loadTimeoutMs: 3000 } }
    const block = join(__dirname, '../support/engine/slow-load.cjs')
    const options = { models, settings, execArgv: ['--require', block] }
    const firstEngine = await TestEngine.fork(options)
    expect(await firstEngine.exited).toEqual([null, 'SIGALRM'])
    expect(firstEngine.errors).toContain('"model":"endless"')
    const next = await TestEngine.start({
      ...options,
      models: {},
      directory: firstEngine.directory,
    })
    const reply = await next.call({ path: '/v2/models/endless/ready' })
    expect(errorOf(reply)).toContain('the model did not load in time')
    expect((await next.call({ path: '/v2/models/simple/ready' })).status).toBe(200)
    await next.stop()
  })
})
