import { addSubModel, identityModel, mlpModel } from '../../perf/bench/models'
import type { TuningTable } from '../../webserver/model/model-plan'
import { ModelClient } from '../support/service/model-client'
import { startService, type Service } from '../support/service/start-service'
import { SteadyLoad } from '../support/service/steady-load'
import { waitUntil } from '../support/service/wait-until'

const models = { simple: addSubModel(), other: addSubModel(), broken: Buffer.from('no model') }

describe.each([true, false])('mode explicit with nginx: %s', (nginx) => {
  let service: Service
  let client: ModelClient

  beforeAll(async () => {
    const settings = {
      models: { mode: 'explicit', load: 'simple' },
      cluster: { engines: 2 },
    } as const
    service = await startService({ nginx, models, settings })
    client = await ModelClient.signIn(service)
  })
  afterAll(() => service.dispose())

  test('loads at start what the setting names', async () => {
    expect(await client.index()).toEqual([
      { name: 'broken', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'other', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'simple', version: '1', state: 'READY', reason: '' },
    ])
    expect((await client.call('GET', '/models')).json.models).toEqual(await client.index())
    expect((await client.infer('simple')).status).toBe(200)
    expect(await client.infer('other')).toMatchObject({
      status: 503,
      error: expect.stringContaining('is not at ready state: unloaded') as string,
    })
  })

  test('loads and unloads', async () => {
    expect(await client.load('other')).toMatchObject({ status: 200, json: {} })
    expect(await client.served()).toEqual(['other/1', 'simple/1'])
    for (let i = 0; i < 4; i++) expect((await client.infer('other')).status).toBe(200)
    expect((await client.unload('other')).status).toBe(200)
    for (let i = 0; i < 4; i++) expect((await client.infer('other')).status).toBe(503)
    expect(await client.served()).toEqual(['simple/1'])
  })

  test('answers why a load failed, and everything is as before', async () => {
    const missing = await client.load('missing')
    expect(missing).toMatchObject({
      status: 400,
      error: "failed to load 'missing', failed to poll from model repository",
    })
    const broken = await client.load('broken')
    expect(broken.status).toBe(400)
    expect(broken.error).toMatch(
      /^failed to load 'broken', failed to poll from model repository: version 1: ./,
    )
    expect(await client.served()).toEqual(['simple/1'])
    expect((await client.unload('missing')).status).toBe(404)
    expect((await client.infer('simple')).status).toBe(200)
  })

  test('measures a model again when a load says so', async () => {
    const tuning = async () => {
      const { parameters } = (await client.config('simple')).json as {
        parameters: { tuning: { string_value: string } }
      }
      return JSON.parse(parameters.tuning.string_value) as TuningTable
    }
    expect((await client.load('simple')).status).toBe(200)
    const before = await tuning()
    expect((await client.load('simple')).status).toBe(200)
    expect(await tuning()).toEqual(before)
    expect((await client.load('simple', { measure: true })).status).toBe(200)
    expect((await tuning()).key).toBe(before.key)
    expect((await tuning()).measuredAt).not.toBe(before.measuredAt)
    expect(await client.load('simple', { measure: 1 })).toMatchObject({
      status: 400,
      error: "Invalid value for 'measure': expected a boolean",
    })
  })

  test('takes a configuration with a load, and shows it', async () => {
    const config = JSON.stringify({ max_batch_size: '16', version_policy: { latest: {} } })
    expect((await client.load('simple', { config })).status).toBe(200)
    expect((await client.config('simple')).json).toMatchObject({
      name: 'simple',
      max_batch_size: 16,
      version_policy: { latest: { num_versions: 1 } },
      input: [
        { name: 'INPUT0', data_type: 'TYPE_INT32', dims: [16] },
        { name: 'INPUT1', data_type: 'TYPE_INT32', dims: [16] },
      ],
    })
    const shown = JSON.stringify((await client.config('simple')).json)
    expect((await client.load('simple', { config: shown })).status).toBe(200)
    expect((await client.load('simple')).status).toBe(200)
    expect((await client.config('simple')).json.max_batch_size).not.toBe(16)
  })

  test.each([
    [{ config: 1 }, "Invalid value for 'config'"],
    [{ config: '{' }, 'not valid JSON'],
    [{ config: '{"max_batch_size":-1}' }, 'max_batch_size'],
    [{ config: '{"max_batch_size":5000}' }, 'batchItemsMax'],
    [{ config: '{"sequence_batching":{}}' }, 'sequence_batching'],
    [{ config: '{"name":"else"}' }, 'name'],
    [{ other: 1 }, "unexpected parameter 'other'"],
    [{ 'file:1/model.onnx': '' }, "files need the parameter 'config'"],
    [{ config: '{}', 'file:1/model.onnx': '***' }, 'expected base64'],
    [{ config: '{}', 'file:1/../../x': 'AAAA' }, 'unexpected parameter'],
    [{ config: '{}', 'file:../x': 'AAAA' }, 'does not name a file'],
  ])('refuses the parameters %j', async (parameters, says) => {
    const answer = await client.load('simple', parameters)
    expect(answer.status).toBe(400)
    expect(answer.error).toContain(says)
  })

  test('refuses names that lead elsewhere', async () => {
    expect(await client.load('..%2Fmodels')).toMatchObject({ status: nginx ? 404 : 400 })
    expect(await client.load('a%5Cb')).toMatchObject({
      status: 400,
      error: 'model name must not contain path traversal characters',
    })
  })

  test('takes the files of a model with its load', async () => {
    const content = addSubModel().toString('base64')
    const parameters = { config: '{}', 'file:7/model.onnx': content }
    expect((await client.load('sent', parameters)).status).toBe(200)
    expect(await client.served()).toEqual(['sent/7', 'simple/1'])
    expect((await client.infer('sent')).status).toBe(200)
    expect((await client.unload('sent')).status).toBe(200)
    expect(await client.index()).toHaveLength(3)
  })

  test('an index that asks for nonsense is told so', async () => {
    expect(await client.call('POST', '/repository/index', { ready: 'x' })).toMatchObject({
      status: 400,
      error: "Invalid value for 'ready': expected a boolean",
    })
    expect((await client.call('POST', '/repository/index')).status).toBe(200)
  })

  test('changes fail no request', async () => {
    const load = new SteadyLoad(service.url, [
      () => client.inferRequest('simple'),
      () => ({ method: 'GET', path: '/v2/models/simple', headers: client.headers }),
    ])
    await waitUntil('the load is on', () => load.answered > 50)
    client.place('fresh/1/model.onnx', identityModel('float32'))
    expect((await client.load('fresh')).status).toBe(200)
    client.place('simple/2/model.onnx', addSubModel())
    expect((await client.load('simple')).status).toBe(200)
    expect((await client.unload('fresh')).status).toBe(200)
    expect((await load.stop()).failures).toEqual([])
    expect(await client.served()).toEqual(['simple/1', 'simple/2'])
    expect((await client.call('GET', '/models/simple')).json.versions).toEqual(['1', '2'])
  })
})

describe('mode none', () => {
  let service: Service
  let client: ModelClient

  beforeAll(async () => {
    service = await startService({ models, settings: { models: { versionPolicy: 'latest:1' } } })
    client = await ModelClient.signIn(service)
  })
  afterAll(() => service.dispose())

  test('takes no orders', async () => {
    for (const answer of [await client.load('simple'), await client.unload('simple')])
      expect(answer).toMatchObject({
        status: 400,
        error: 'explicit model load / unload is not allowed if polling is enabled',
      })
  })

  test('shows a model that cannot be loaded with its reason', async () => {
    const index = await client.index()
    expect(index).toHaveLength(3)
    expect(index[0]).toMatchObject({ name: 'broken', state: 'UNAVAILABLE' })
    expect(index[0]!.reason).not.toBe('')
  })

  test('SIGHUP finds new versions, and the policy chooses among them', async () => {
    client.place('simple/10/model.onnx', addSubModel())
    client.place('simple/9/model.onnx', addSubModel())
    client.place('other/old/model.onnx', addSubModel())
    client.place('mlp/1/model.onnx', mlpModel())
    client.place('simple/model.json', JSON.stringify({ versionPolicy: { latest: 2 } }))
    await client.hangUp()
    expect(await client.served()).toEqual(['mlp/1', 'other/1', 'simple/9', 'simple/10'])
    expect((await client.infer('simple')).json.model_version).toBe('10')
  })
})
