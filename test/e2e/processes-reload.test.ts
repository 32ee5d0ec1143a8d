import { addSubModel } from '../../perf/bench/models'
import { signIn } from '../support/service/accounts'
import { isRunning } from '../support/service/process-table'
import { startService, type Service } from '../support/service/start-service'
import { SteadyLoad, type LoadRequest } from '../support/service/steady-load'
import { waitUntil } from '../support/service/wait-until'

const vector = Array.from({ length: 16 }, (_, i) => i)
const inference = JSON.stringify({
  inputs: ['INPUT0', 'INPUT1'].map((name) => ({
    name,
    shape: [1, 16],
    datatype: 'INT32',
    data: vector,
  })),
})

/** Reads, writes, uploads and runs: what may be sent twice and what may not. */
function mixOf(headers: { authorization: string }): (() => LoadRequest)[] {
  let uploads = 0
  const json = { ...headers, 'content-type': 'application/json' }
  return [
    () => ({ method: 'GET', path: '/healthz' }),
    () => ({ method: 'GET', path: '/v1/account', headers }),
    () => ({ method: 'GET', path: '/v1/files/root/kept', headers }),
    () => ({ method: 'PUT', path: `/v1/files/root/${uploads++}`, headers, body: 'content' }),
    () => ({ method: 'POST', path: '/v2/models/simple/infer', headers: json, body: inference }),
    () => ({ method: 'POST', path: '/v2/models/simple/infer', headers: json, body: inference }),
    () => ({ method: 'GET', path: '/v2/models/simple', headers }),
  ]
}

const replaced = (service: Service) => [...service.pids('worker'), ...service.pids('engine')]

describe.each([true, false])('SIGHUP with nginx: %s', (nginx) => {
  let service: Service

  beforeEach(async () => {
    const settings = { cluster: { workers: 2, engines: 2 } }
    service = await startService({ nginx, settings, models: { simple: addSubModel() } })
  })
  afterEach(() => service.dispose())

  test('replaces every worker and engine under load without a failed request', async () => {
    const headers = await signIn(service)
    const body = Buffer.alloc(100_000, 'x')
    await fetch(`${service.url}/v1/files/root/kept`, { method: 'PUT', headers, body })
    const before = replaced(service)
    const writer = service.pids('writer')
    const load = new SteadyLoad(service.url, mixOf(headers))
    await waitUntil('the load is on', () => load.answered > 100)

    service.signal('SIGHUP')
    await waitUntil('the reload is over', () => service.output.includes('"msg":"reloaded"'))
    const answeredBefore = load.answered
    await waitUntil('the load goes on', () => load.answered > answeredBefore + 100)
    const { failures } = await load.stop()

    expect(failures).toEqual([])
    expect(before.filter(isRunning)).toEqual([])
    expect(replaced(service)).toHaveLength(4)
    expect(service.pids('writer')).toEqual(writer)
    await service.ready()
  })
})
