import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addSubModel,
  loopModel,
  matMulChainModel,
  mlpModel,
  slowToLoadModel,
} from '../../perf/bench/models'
import { int64s, onnxModel } from '../../perf/bench/onnx-model'
import { pathsOf } from '../../webserver/config/paths'
import { type ConfigInput, configSchema } from '../../webserver/config/schema'
import type { CheckOptions } from '../../webserver/model/checker/model-checker'
import type { PlannedModel } from '../../webserver/model/model-plan'
import { TestChecker } from '../support/engine/checked-plan'
import { TestEngine, writeModels } from '../support/engine/engine-process'
import { errorOf } from '../support/engine/infer'

const gibibyte = 1024 ** 3

/** Two rows of y for each one of x: a first dimension that varies and is no batch. */
function halvesModel(): Buffer {
  return onnxModel({
    nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 4] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['M', 2] }],
    initializers: [int64s('shape', [-1, 2])],
  })
}

/** y FP32 [60000,60000], whatever it is given: 14 GB. */
const memoryBomb = {
  file: slowToLoadModel(0, 60_000),
  settings: { exampleShapes: { x: [1, 60_000] } },
}

describe('the model checker', () => {
  let directory: string

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'gristmill-checker-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const checkerOf = (inference: ConfigInput['inference'] = {}) =>
    new TestChecker(
      configSchema.parse({ data: { directory }, inference: { tuningMs: 0, ...inference } }),
    )
  const write = (models: Parameters<typeof writeModels>[1]) =>
    writeModels(join(directory, 'models'), models)
  const byName = async (checker: TestChecker, options?: CheckOptions) =>
    new Map((await checker.check(options)).map((model) => [model.name, model]))
  const storePath = () => pathsOf(configSchema.parse({ data: { directory } })).modelChecks

  it('refuses what hangs or asks for too much, and goes on with the rest', async () => {
    write({
      bomb: [memoryBomb],
      endless: loopModel(2n ** 62n),
      slow: slowToLoadModel(400, 3000),
      broken: Buffer.from('junk'),
      simple: addSubModel(),
    })
    const limits = { loadTimeoutMs: 3000, memoryBytesMax: 6 * gibibyte }
    const checker = checkerOf(limits)
    const plan = await byName(checker)
    expect(plan.get('bomb')!.refusal).toContain('more memory')
    expect(plan.get('broken')!.refusal).toContain('is not an ONNX file')
    for (const name of ['endless', 'slow'])
      expect(plan.get(name)!.refusal).toBe('the model did not load in time (3000 ms)')
    expect(plan.get('simple')).toMatchObject({
      refusal: null,
      checked: { inputs: [{ name: 'INPUT0', type: 'int32', shape: ['N', 16] }, {}] },
    })
    // One process for all of them, but for those who go on after one that was ended.
    expect(checker.started).toBe(2)
    const again = await byName(checker)
    expect(checker.started).toBe(2)
    expect(again).toEqual(plan)
    // The machine may have been slow: another service tries those once more, and only those.
    const next = checkerOf(limits)
    expect((await byName(next)).get('broken')!.refusal).toBe(plan.get('broken')!.refusal)
    expect(next.started).toBe(2)
  })

  it('tries again what was refused for its time when it is asked to', async () => {
    write({ slow: slowToLoadModel(400, 3000) })
    const checker = checkerOf({ loadTimeoutMs: 1000 })
    expect((await byName(checker)).get('slow')!.refusal).toContain('in time')
    write({ slow: addSubModel() })
    expect((await byName(checker)).get('slow')!.refusal).toBeNull()
    write({ slow: slowToLoadModel(400, 3000) })
    await checker.check()
    expect(checker.started).toBe(2)
    await checker.check({ again: () => 'refused' })
    expect(checker.started).toBe(3)
  })

  it('is stopped by its signal', async () => {
    write({ slow: slowToLoadModel(400, 3000) })
    const stop = new AbortController()
    const checker = checkerOf()
    const checking = checker.check({ signal: stop.signal })
    setImmediate(() => stop.abort())
    await expect(checking).rejects.toThrow('aborted')
  })

  it('does not check twice what it knows, and reads nothing into a file that is damaged', async () => {
    write({ simple: addSubModel() })
    const first = await checkerOf().check()
    const second = checkerOf()
    expect(await second.check()).toEqual(first)
    expect(second.started).toBe(0)
    for (const damage of ['', '{"', '[]', '{"a":{"key":1}}']) {
      writeFileSync(storePath(), damage)
      const checker = checkerOf()
      expect((await checker.check())[0]!.checked!.inputs).toEqual(first[0]!.checked!.inputs)
      expect(checker.started).toBe(1)
    }
  })

  it('refuses example shapes that contradict the model', async () => {
    const settings = (exampleShapes: Record<string, number[]>) => [
      { file: mlpModel(), settings: { exampleShapes } },
    ]
    write({ name: settings({ z: [784] }), rank: settings({ x: [1, 784] }) })
    const plan = await byName(checkerOf())
    expect(plan.get('name')!.refusal).toBe("model.json: exampleShapes: no input is 'z'")
    expect(plan.get('rank')!.refusal).toBe(
      "model.json: exampleShapes: [1,784] is no item of 'x', which is [784]",
    )
  })

  it('says which provider is not available', async () => {
    write({ simple: addSubModel() })
    await expect(checkerOf({ providers: 'cpu, abacus' }).check()).rejects.toThrow(
      "inference.providers: 'abacus' is not available here",
    )
  })
})

describe('measuring', () => {
  let directory: string

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'gristmill-tuning-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const check = async (
    inference: ConfigInput['inference'],
    options?: CheckOptions,
  ): Promise<PlannedModel> => {
    const config = configSchema.parse({ data: { directory }, inference })
    return (await new TestChecker(config).check(options))[0]!
  }
  const sizesOf = ({ tuning }: PlannedModel) => tuning?.rows.map(({ items }) => items)

  it('finds that an MLP is faster in batches', async () => {
    writeModels(join(directory, 'models'), { mlp: mlpModel() })
    const model = await check({ tuningMs: 1500, batchItemsMax: 16 })
    expect(sizesOf(model)).toEqual([1, 2, 4, 8, 16])
    expect(model.tuning!.bestItems).toBeGreaterThan(1)
    expect(sizesOf(model)).toContain(model.tuning!.bestItems)
    expect(model.tuning!.rows[4]!.runMs).toBeGreaterThan(model.tuning!.rows[0]!.runMs)
  })

  it('is not disturbed by what its process says beside', async () => {
    writeModels(join(directory, 'models'), { chain: matMulChainModel(3, 1024) })
    const data = { directory }
    const config = configSchema.parse({
      data,
      metrics: { intervalMs: 100 },
      inference: { tuningMs: 2500 },
    })
    const [model] = await new TestChecker(config).check()
    expect(sizesOf(model!)!.length).toBeGreaterThan(1)
  })

  it('is kept, and done again when the settings differ or somebody asks for it', async () => {
    writeModels(join(directory, 'models'), { mlp: mlpModel() })
    const first = await check({ tuningMs: 300, batchItemsMax: 4 })
    expect(await check({ tuningMs: 300, batchItemsMax: 4 })).toEqual(first)
    const other = await check({ tuningMs: 300, batchItemsMax: 8 })
    expect(sizesOf(other)).toEqual([1, 2, 4, 8])
    expect(other.tuning!.key).not.toBe(first.tuning!.key)
    const again = await check({ tuningMs: 300, batchItemsMax: 8 }, { again: () => 'all' })
    expect(again.tuning!.key).toBe(other.tuning!.key)
    expect(again.tuning!.measuredAt).not.toBe(other.tuning!.measuredAt)
  })

  it('finds nothing where the first dimension turns out to be no batch', async () => {
    writeModels(join(directory, 'models'), { halves: halvesModel() })
    const { refusal, tuning } = await check({ tuningMs: 300 })
    expect({ refusal, tuning }).toEqual({ refusal: null, tuning: null })
  })

  it('is not done without time for it, nor for a model that may not be batched', async () => {
    writeModels(join(directory, 'models'), { mlp: mlpModel() })
    expect((await check({ tuningMs: 0 })).tuning).toBeNull()
    writeModels(join(directory, 'models'), {
      mlp: [{ file: mlpModel(), settings: { batching: false } }],
    })
    expect((await check({ tuningMs: 300 })).tuning).toBeNull()
  })
})

describe('an engine', () => {
  it('does not load a file that has changed since it was checked', async () => {
    const engine = await TestEngine.fork({ models: { simple: addSubModel() } })
    writeFileSync(join(engine.directory, 'models/simple/1/model.onnx'), mlpModel())
    await new Promise((resolve) => engine.child.once('message', resolve))
    const reply = await engine.call({ path: '/v2/models/simple/ready' })
    expect(errorOf(reply)).toContain('model.onnx has changed since it was checked')
    await engine.stop()
  })
})
