import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '../support/service/process-table'
import {
  launchService,
  startService,
  type Service,
  type ServiceOptions,
} from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const services: Service[] = []

async function start(options?: ServiceOptions): Promise<Service> {
  const service = await startService(options)
  services.push(service)
  return service
}

/** For services that end by themselves. */
async function refused(options: ServiceOptions) {
  const service = launchService(options)
  services.push(service)
  const exit = await service.exit
  return { ...exit, output: service.output.trim() }
}

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.dispose()))
})

describe.each([true, false])('a service with nginx: %s', (nginx) => {
  test('starts, is ready, and stops with exit code 0, leaving no process and no socket', async () => {
    const service = await start({ nginx })
    await service.ready()
    const pids = service.allPids()
    expect(service.pids('nginx')).toHaveLength(nginx ? 1 : 0)

    expect(await service.stop()).toEqual({ code: 0, signal: null })
    expect(pids.filter(isRunning)).toEqual([])
    expect(existsSync(service.runDirectory)).toBe(false)
    await expect(fetch(`${service.url}/healthz`)).rejects.toThrow()
  })

  test('says in its start block where everything is', async () => {
    const service = await start({ nginx })
    expect(service.output).toContain(service.dataDirectory)
    expect(service.output).toContain(join(service.perfDirectory, '1'))
    expect(service.output).toContain(`${service.url}/openapi.json`)
    expect(service.output).toContain(service.firstAccountToken())
  })
})

test.each(['nonsense', 'cuda,cpu'])('refuses the execution providers %j', async (providers) => {
  const { code, output } = await refused({ settings: { inference: { providers } } })
  expect(code).toBe(1)
  expect(output).toContain(`inference.providers names "${providers.split(',')[0]!}"`)
  expect(output).toContain('this build knows cpu')
})

test('stops on SIGINT as on SIGTERM', async () => {
  const service = await start()
  service.signal('SIGINT')
  expect(await service.exit).toEqual({ code: 0, signal: null })
})

test('a SIGTERM during the start ends it, leaving nothing', async () => {
  const service = launchService()
  services.push(service)
  const pids = await waitUntil('a process was forked', () => {
    const record = join(service.dataDirectory, 'primary.json')
    return existsSync(record) && service.pids().length > 0 && service.allPids()
  })
  await service.stop()
  expect(pids.filter(isRunning)).toEqual([])
})

test('a start after a clean stop does not sweep', async () => {
  const first = await start()
  await first.stop()
  const second = await start({ directory: first.directory })
  expect(second.output).not.toContain('swept')
})

test('a second server on the same data directory is refused', async () => {
  const { directory, dataDirectory, primaryPid } = await start()
  const second = launchService({ directory })
  expect(await second.exit).toEqual({ code: 1, signal: null })
  expect(second.output.trim()).toBe(
    `gristmill: Another server (process ${primaryPid}) is running on the data directory ${dataDirectory}; stop it, or choose another with --data-directory.`,
  )
})

test('of two servers started at once on one data directory, one runs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-test-'))
  const both = [launchService({ directory }), launchService({ directory })]
  const loser = await Promise.race(both.map((service) => service.exit.then(() => service)))
  const winner = both.find((service) => service !== loser)!
  services.push(winner)
  await winner.started()
  expect(await loser.exit).toEqual({ code: 1, signal: null })
  expect(loser.output).toMatch(/Another server/)
})

test.each([true, false])('a port in use is refused, with nginx: %s', async (nginx) => {
  const holder = createServer()
  holder.listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const { code, output } = await refused({ nginx, settings: { http: { port } } })
  await new Promise((resolve) => holder.close(resolve))
  expect(code).toBe(1)
  expect(output).toBe(
    `gristmill: Port ${port} of 127.0.0.1 is in use: stop what listens there, or choose another with --port.`,
  )
})

test('a data directory that cannot be made is refused', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-test-'))
  const file = join(directory, 'file')
  writeFileSync(file, '')
  const { code, output } = await refused({ settings: { data: { directory: join(file, 'data') } } })
  expect(code).toBe(1)
  expect(output).toBe(
    `gristmill: The data directory ${join(file, 'data')} cannot be made or written (ENOTDIR).`,
  )
  rmSync(directory, { recursive: true })
})

test('an nginx that is not there is refused, with what to do', async () => {
  const settings = { http: { nginxBinary: 'no-such-nginx' } }
  const { code, output } = await refused({ settings })
  expect(code).toBe(1)
  expect(output).toBe(
    'gristmill: nginx ("no-such-nginx") was not found: install it, for example with "apt-get install nginx", or start with --no-nginx.',
  )
})

test('the debug database is refused with more workers than one', async () => {
  const settings = { database: { kind: 'debug' }, cluster: { workers: 2 } } as const
  const { code, output } = await refused({ settings })
  expect(code).toBe(1)
  expect(output).toMatch(/^gristmill: database\.kind "debug" .*$/)
})
