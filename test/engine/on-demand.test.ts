import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addSubModel, endlessModel, identityModel, matMulChainModel } from '../../perf/bench/models'
import { type ConfigInput, configSchema } from '../../webserver/config/schema'
import type { Ask, FromChild } from '../../webserver/config/process-setup'
import { TestChecker } from '../support/engine/checked-plan'
import { TestEngine, writeModels } from '../support/engine/engine-process'
import { errorOf } from '../support/engine/infer'
import { waitUntil } from '../support/service/wait-until'

type Models = Parameters<typeof writeModels>[1]

const width = 1024
const chain = matMulChainModel(4, width)
const onDemand = { mode: 'on_demand' } as const
// The budget of a machine is shared by its engines.
const cluster = { engines: 1 }

/** What the checker says that the models need. */
async function memoryOf(directory: string, models: Models): Promise<Map<string, number>> {
  writeModels(join(directory, 'models'), models)
  const inference = { tuningMs: 0 }
  const config = configSchema.parse({ data: { directory }, inference })
  const plan = await new TestChecker(config).check()
  return new Map(plan.map(({ name, checked }) => [name, checked!.memoryBytes]))
}

function inferChain(engine: TestEngine, model: string) {
  const data = new Array<number>(width).fill(0)
  return engine.inferJson(model, {
    inputs: [{ name: 'x', shape: [1, width], datatype: 'FP32', data }],
  })
}

/** Loads and releases so far, in their order. */
function comings(engine: TestEngine): string[] {
  return engine
    .perfLines()
    .filter(({ n }) => n === 'model_load' || n === 'model_release')
    .map(({ n, m }) => `${n === 'model_load' ? '+' : '-'}${m as string}`)
}

function residentBytes({ child }: TestEngine): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))!
  return Number(kibibytes) * 1024
}

describe('models on demand', () => {
  let directory: string
  let engine: TestEngine

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'gristmill-demand-'))))
  afterEach(async () => {
    engine.child.kill('SIGKILL')
    await engine.stop()
  })

  const start = async (models: Models, modelMemoryBytesMax: number, more: ConfigInput = {}) => {
    const inference = { modelMemoryBytesMax, ...more.inference }
    const settings = { models: onDemand, cluster, ...more, inference }
    return (engine = await TestEngine.start({ models, settings, directory }))
  }

  it('come when they are asked for, and the least recently used one leaves', async () => {
    const models = { a: chain, b: chain, c: chain }
    const needs = await memoryOf(directory, models)
    await start(models, [...needs.values()].reduce((sum, bytes) => sum + bytes) - 1)
    expect((await engine.call({ path: '/v2/models/a' })).json).toMatchObject({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, width] }],
    })
    expect((await engine.call({ path: '/v2/models/a/ready' })).status).toBe(200)
    for (const name of ['a', 'b', 'a', 'c', 'b'])
      expect((await inferChain(engine, name)).status).toBe(200)
    const expected = ['+a', '+b', '-b', '+c', '-a', '+b']
    await waitUntil('all is logged', () => comings(engine).length >= expected.length)
    expect(comings(engine)).toEqual(expected)
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, call) => inferChain(engine, ['a', 'b', 'c'][call % 3]!)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('say so when they need more memory than there is', async () => {
    const models = { chain, small: addSubModel() }
    const needs = (await memoryOf(directory, models)).get('chain')!
    await start(models, needs - 1)
    const reply = await inferChain(engine, 'chain')
    expect(reply.status).toBe(503)
    expect(errorOf(reply)).toContain('inference.modelMemoryBytesMax')
    expect((await engine.call({ path: '/v2/models/small/ready' })).status).toBe(200)
  })

  it('give their memory back', async () => {
    const large = matMulChainModel(3, 2048)
    const models = { large, small: addSubModel() }
    const needs = (await memoryOf(directory, models)).get('large')!
    await start(models, needs)
    const data = new Array<number>(2048).fill(0)
    const inputs = [{ name: 'x', shape: [1, 2048], datatype: 'FP32', data }]
    expect((await engine.inferJson('large', { inputs })).status).toBe(200)
    const loadedBytes = residentBytes(engine)
    const row = new Array<number>(16).fill(1)
    const pair = ['INPUT0', 'INPUT1'].map((name) => ({
      name,
      shape: [1, 16],
      datatype: 'INT32',
      data: row,
    }))
    expect((await engine.inferJson('small', { inputs: pair })).status).toBe(200)
    await waitUntil('most of it is back', () => {
      return residentBytes(engine) < loadedBytes - large.length / 2
    })
  })

  it('ask for another process when it has grown all the same', async () => {
    const models = { text: identityModel('string'), chain }
    const needs = (await memoryOf(directory, models)).get('chain')!
    await start(models, needs)
    const asked = new Promise<Ask>((resolve) =>
      engine.child.on('message', (message: FromChild) => {
        if (message.type === 'ask') resolve(message)
      }),
    )
    const data = new Array<string>(900_000).fill('a word of some length')
    const inputs = [{ name: 'INPUT0', shape: [1, data.length], datatype: 'BYTES', data }]
    expect((await engine.inferJson('text', { inputs })).status).toBe(200)
    expect((await inferChain(engine, 'chain')).status).toBe(200)
    expect(await asked).toMatchObject({ question: 'engine.replace', argument: { slot: 1 } })
    expect((await inferChain(engine, 'chain')).status).toBe(200)
  })
})

describe('a load on demand that does not end', () => {
  it('ends the engine, and the next one does not try again', async () => {
    const settings = { models: onDemand, inference: { loadTimeoutMs: 3000 } }
    const execArgv = ['--require', join(__dirname, '../support/engine/slow-load.cjs')]
    const models = { simple: addSubModel(), endless: endlessModel() }
    const engine = await TestEngine.start({ models, settings, execArgv })
    const inputs = [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }]
    const reply = await engine.inferJson('endless', { inputs })
    expect(reply.status).toBe(503)
    expect(errorOf(reply)).toBe('the inference engine is being restarted')
    expect(await engine.exited).toEqual([null, 'SIGALRM'])
    const { directory } = engine
    const next = await TestEngine.start({ models: {}, directory, settings, execArgv })
    expect(errorOf(await next.inferJson('endless', { inputs }))).toContain(
      'the model did not load in time',
    )
    expect((await next.call({ path: '/v2/models/simple/ready' })).status).toBe(200)
    await next.stop()
  })
})

describe('models that are loaded at start', () => {
  it('are refused when the ones before them leave no room', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gristmill-room-'))
    const models = { a: chain, b: chain, small: addSubModel() }
    const needs = await memoryOf(directory, models)
    const inference = { modelMemoryBytesMax: Math.floor(1.5 * needs.get('a')!) }
    const engine = await TestEngine.start({ models, directory, settings: { cluster, inference } })
    expect((await inferChain(engine, 'a')).status).toBe(200)
    expect(errorOf(await inferChain(engine, 'b'))).toMatch(
      /needs \d+ MiB of memory, and the models of an engine may have \d+ MiB, of which \d+ MiB are used/,
    )
    expect((await engine.call({ path: '/v2/models/small/ready' })).status).toBe(200)
    expect(await engine.stop()).toEqual([0, null])
  })
})
