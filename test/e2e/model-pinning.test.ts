import { addSubModel } from '../../perf/bench/models'
import { ModelClient } from '../support/service/model-client'
import { startService, type Service } from '../support/service/start-service'
import { SteadyLoad } from '../support/service/steady-load'
import { waitUntil } from '../support/service/wait-until'

let service: Service
afterEach(() => service.dispose())

const rounds = 12
// An nginx that reads its file anew closes connections that stand idle, perhaps just as a client uses one.
const closedIdle = /: (?:socket hang up|read ECONNRESET|write EPIPE)$/

describe.each([true, false])('models pinned to engines, with nginx: %s', (nginx) => {
  test('are found by every request, before and after they are pinned', async () => {
    const models = { simple: addSubModel(), 'pin.ned': addSubModel(), nowhere: addSubModel() }
    const settings = {
      models: { mode: 'explicit', load: 'simple' },
      cluster: { engines: 2 },
    } as const
    service = await startService({ nginx, models, settings })
    const client = await ModelClient.signIn(service)
    client.place('pin.ned/model.json', '{"engines":[2]}')
    client.place('nowhere/model.json', '{"engines":[3]}')

    expect((await client.load('nowhere')).error).toContain('there is no engine 3')
    expect((await client.load('pin.ned')).status).toBe(200)
    expect(await client.served()).toEqual(['pin.ned/1', 'simple/1'])
    expect((await client.config('pin.ned')).json.instance_group).toMatchObject([{ count: 1 }])
    for (let round = 0; round < rounds; round++) {
      expect((await client.infer('pin.ned')).status).toBe(200)
      expect((await client.call('GET', '/models/pin.ned')).status).toBe(200)
      expect((await client.infer('simple')).status).toBe(200)
    }

    client.place('simple/model.json', '{"engines":[1]}')
    const load = new SteadyLoad(service.url, [() => client.inferRequest('simple')])
    await waitUntil('the load is on', () => load.answered > 20)
    expect((await client.load('simple')).status).toBe(200)
    expect((await client.unload('pin.ned')).status).toBe(200)
    const { failures } = await load.stop()
    expect(failures.filter((failure) => !(nginx && closedIdle.test(failure)))).toEqual([])
    expect((await client.infer('pin.ned')).status).toBe(503)
  })
})
