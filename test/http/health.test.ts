import { waitUntil } from '../support/service/wait-until'
import { TestService } from '../support/http/test-service'

describe('health', () => {
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start()
  })
  afterAll(() => service.stop())

  const ready = { role: 'writer', slot: 1, ready: true } as const
  const readyz = () => service.call('GET', '/readyz')

  test('/healthz answers without asking anyone', async () => {
    const body = (await service.call('GET', '/healthz').expect(200)).body as unknown
    expect(body).toEqual({ status: 'ok' })
  })

  test('/readyz says that everything is ready', async () => {
    const body = (await readyz().expect(200)).body as unknown
    expect(body).toEqual({ ready: true, notReady: [] })
  })

  test('/readyz names the processes that are not ready, and why', async () => {
    const engine = { role: 'engine', slot: 2, ready: false, reason: 'restarting' } as const
    const worker = { role: 'worker', slot: 3, ready: false } as const
    service.setStatus({ draining: true, processes: [ready, engine, worker] })
    const body = (await readyz().expect(503)).body as unknown
    expect(body).toEqual({
      ready: false,
      notReady: [
        { what: 'service', reason: 'draining' },
        { what: 'engine 2', reason: 'restarting' },
        { what: 'worker 3', reason: 'starting' },
      ],
    })
    service.setStatus({ draining: false, processes: [ready] })
  })

  test('/readyz tells that the writer is gone, and /healthz does not mind', async () => {
    await service.scratch.killWriter()
    const body = (await readyz().expect(503)).body as unknown
    expect(body).toMatchObject({ ready: false, notReady: [{ what: 'database' }] })
    await service.call('GET', '/healthz').expect(200)
    await service.scratch.startWriter()
    await waitUntil('ready again', async () => (await readyz()).status === 200)
  })
})
