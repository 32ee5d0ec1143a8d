import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addSubModel, endlessModel, identityModel, matMulChainModel } from '../../perf/bench/models'
import type { CheckedModel } from '../../webserver/model/model-plan'
import { processorTicks } from '../support/service/process-table'
import { ModelClient } from '../support/service/model-client'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

let service: Service
let client: ModelClient

async function start(options: Parameters<typeof startService>[0]): Promise<void> {
  service = await startService(options)
  client = await ModelClient.signIn(service)
}
afterEach(() => service.dispose())

const endlessRequest = JSON.stringify({
  inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }],
})
const runEndless = () => client.call('POST', '/models/endless/infer', endlessRequest)
const stateOf = async (name: string) => (await client.index()).find((one) => one.name === name)

test('poll takes up what comes, changes and goes', async () => {
  const models = { mode: 'poll', pollIntervalMs: 100 } as const
  await start({ models: { simple: addSubModel() }, settings: { models } })
  client.place('fresh/1/model.onnx', addSubModel())
  await waitUntil('the new model is served', async () => {
    return (await client.served()).join() === 'fresh/1,simple/1'
  })
  expect((await client.infer('fresh')).status).toBe(200)
  client.place('simple/model.json', '{"versionPolicy":{"specific":["2"]}}')
  client.place('simple/2/model.onnx', addSubModel())
  await waitUntil('the new version is served alone', async () => {
    return (await client.served()).join() === 'fresh/1,simple/2'
  })
  client.remove('fresh')
  await waitUntil('the model is gone', async () => (await client.infer('fresh')).status === 404)
  expect((await client.load('simple')).error).toContain('polling is enabled')
})

test('an engine that grew by models on demand is replaced, and nobody notices', async () => {
  const models = { text: identityModel('string'), chain: matMulChainModel(4, 1024) }
  // A busy machine needs its time for twenty megabytes of words.
  const patient = { tuningMs: 0, deadlineMs: 120_000 }
  const demand = { models: { mode: 'on_demand' }, inference: patient } as const
  const first = await startService({ models, settings: demand })
  const { directory } = first
  const needs = memoryNeeds(first)
  await first.stop()
  // Room for the larger one of the two.
  const inference = { ...demand.inference, modelMemoryBytesMax: Math.max(...needs) }
  await start({ directory, settings: { ...demand, inference } })
  expect(await client.served()).toEqual(['chain/1', 'text/1'])
  const engines = service.pids('engine')
  const words = new Array<string>(900_000).fill('a word of some length')
  const zeros = new Array<number>(1024).fill(0)
  const long = { name: 'INPUT0', shape: [1, words.length], datatype: 'BYTES', data: words }
  const row = { name: 'x', shape: [1, zeros.length], datatype: 'FP32', data: zeros }
  const infer = async (model: string, input: unknown) =>
    (await client.call('POST', `/models/${model}/infer`, { inputs: [input] })).status
  expect(await infer('text', long)).toBe(200)
  await waitUntil('another engine answers', async () => {
    expect(await infer('chain', row)).toBe(200)
    const now = service.pids('engine')
    return now.length === 1 && now[0] !== engines[0]
  })
  expect(await infer('chain', row)).toBe(200)
})

/** What the checker found that the models need. */
function memoryNeeds({ dataDirectory }: Service): number[] {
  const text = readFileSync(join(dataDirectory, 'model-checks.json'), 'utf8')
  const entries = JSON.parse(text) as Record<string, { result: { checked: CheckedModel } }>
  return Object.values(entries).map(({ result }) => result.checked.memoryBytes)
}

describe('a model that ends engines', () => {
  const models = { endless: endlessModel(), simple: addSubModel() }
  const inference = { deadlineMs: 300, modelDeathsMax: 2 }

  test('is set aside, and comes back when it is loaded again', async () => {
    const settings = { inference, models: { mode: 'explicit', load: '*' } } as const
    await start({ models, settings })
    for (let death = 0; death < 2; death++) {
      await waitUntil('it runs into its deadline', async () => (await runEndless()).status === 504)
      await service.ready()
    }
    const reason = 'it ended 2 engines; load it again to retry'
    await waitUntil('it is set aside', async () => (await stateOf('endless'))?.reason === reason)
    expect(await stateOf('endless')).toMatchObject({ state: 'UNAVAILABLE' })
    await waitUntil('the engine says so', async () => {
      return (await runEndless()).error.includes('it ended 2 engines')
    })
    expect((await client.infer('simple')).status).toBe(200)
    expect(service.output).toMatch(/"model":"endless".*it is set aside/)
    expect((await client.load('endless')).status).toBe(200)
    expect(await client.served()).toEqual(['endless/1', 'simple/1'])
  })

  test('is blamed for a crash in the middle of its run, and SIGHUP forgives it', async () => {
    const settings = { inference: { deadlineMs: 60_000, modelDeathsMax: 1 } }
    await start({ models, settings })
    const engine = service.pids('engine')[0]!
    const before = processorTicks(engine)
    const run = runEndless()
    await waitUntil('the engine runs it', () => processorTicks(engine) > before + 30)
    process.kill(engine, 'SIGSEGV')
    expect((await run).status).toBe(503)
    await waitUntil('it is set aside', async () => {
      return (await stateOf('endless'))?.reason.startsWith('it ended 1 engine;')
    })
    await waitUntil('the death is counted', async () => {
      return (await client.metrics()).includes(
        'gristmill_engine_deaths_total{model="endless",version="1",reason="crashed"} 1',
      )
    })
    await client.hangUp()
    expect(await client.served()).toEqual(['endless/1', 'simple/1'])
  })
})
