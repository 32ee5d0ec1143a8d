import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addSubModel } from '../../perf/bench/models'
import { signIn } from '../support/service/accounts'
import { isRunning, kill } from '../support/service/process-table'
import { launchService, startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const roles = ['worker', 'writer', 'engine', 'nginx'] as const

interface Readiness {
  ready: boolean
  notReady: { what: string; reason: string }[]
}

async function replacementOf(service: Service, role: (typeof roles)[number], pid: number) {
  return waitUntil(`another ${role} runs`, () => {
    const pids = service.pids(role)
    return !pids.includes(pid) && pids.length > 0 && pids
  })
}

describe('a process that', () => {
  let service: Service

  beforeEach(async () => {
    const settings = { cluster: { heartbeatTimeoutMs: 2000 } }
    service = await startService({ settings, models: { simple: addSubModel() } })
  })
  afterEach(() => service.dispose())

  test.each(roles)('is killed, a %s, is replaced', async (role) => {
    const others = service.pids().filter((pid) => !service.pids(role).includes(pid))
    const [pid = 0] = service.pids(role)
    process.kill(pid, 'SIGKILL')
    await replacementOf(service, role, pid)
    await service.ready()
    expect(service.pids()).toEqual(expect.arrayContaining(others))
    expect(await service.stop()).toEqual({ code: 0, signal: null })
  })

  test.each(['worker', 'writer', 'engine'] as const)(
    'stands still, a %s, is killed and replaced',
    async (role) => {
      const [pid = 0] = service.pids(role)
      process.kill(pid, 'SIGSTOP')
      await replacementOf(service, role, pid)
      expect(isRunning(pid)).toBe(false)
      await service.ready()
    },
  )

  test('is away is named by /readyz, and by no one else', async () => {
    const [pid = 0] = service.pids('engine')
    process.kill(pid, 'SIGSTOP')
    const seen = await waitUntil('/readyz names the engine', async () => {
      const answer = await fetch(`${service.url}/readyz`)
      const body = (await answer.json()) as Readiness
      return !body.ready && { status: answer.status, ...body }
    })
    expect(seen.status).toBe(503)
    expect(seen.notReady).toEqual([{ what: 'engine 1', reason: 'restarting' }])
    await service.ready()
  })
})

describe.each([true, false])('a primary that is killed, with nginx: %s', (nginx) => {
  test('takes every process along, and the next start works at once', async () => {
    const first = await startService({ nginx })
    const headers = await signIn(first)
    const path = '/v1/files/root/kept'
    await fetch(first.url + path, { method: 'PUT', headers, body: 'content' })
    writeFileSync(join(first.dataDirectory, 'drafts', 'left-behind'), 'half an upload')
    const pids = first.allPids()

    process.kill(first.primaryPid, 'SIGKILL')
    await first.exit
    const second = await startService({ nginx, directory: first.directory })
    try {
      expect(pids.filter(isRunning)).toEqual([])
      expect(second.output).toContain('swept after an unclean stop')
      expect(readdirSync(join(second.dataDirectory, 'drafts'))).toEqual([])
      const answer = await fetch(second.url + path, { headers })
      expect(await answer.text()).toBe('content')
    } finally {
      await second.dispose()
    }
  })

  test('leaves no process behind, even with no start after it', async () => {
    const service = await startService({ nginx })
    const pids = service.allPids()
    process.kill(service.primaryPid, 'SIGKILL')
    await waitUntil('all are gone', () => !pids.some(isRunning))
    await service.dispose()
  })
})

const impatient = { cluster: { restartsMax: 2, restartDelayMinMs: 10, restartDelayMaxMs: 20 } }

test('a process that dies again and again is given up, and the service with it', async () => {
  const service = await startService({ settings: impatient })
  const pids = service.allPids()
  const hunt = setInterval(() => service.pids('writer').forEach(kill), 20)
  try {
    expect(await service.exit).toEqual({ code: 1, signal: null })
  } finally {
    clearInterval(hunt)
  }
  expect(service.output).toMatch(
    /gristmill: The writer 1 cannot be kept running \(signal SIGKILL\)/,
  )
  expect(pids.filter(isRunning)).toEqual([])
  await service.dispose()
})

test('a process that dies at every start ends the start', async () => {
  const preload = require.resolve('../support/service/engine-that-exits.cjs')
  const service = launchService({ preload, settings: impatient })
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.output).toMatch(/^gristmill: The engine 1 cannot be kept running \(exit code 7\)/m)
  await service.dispose()
})

test('a process that says why it cannot start ends the start at once, with its reason', async () => {
  const preload = require.resolve('../support/service/engine-without-directory.cjs')
  const service = launchService({ preload })
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.output).toMatch(
    /^gristmill: The engine 1 cannot be kept running \(no such directory\)/m,
  )
  await service.dispose()
})
