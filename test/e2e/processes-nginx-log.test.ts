import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

interface AccessLine {
  rt: string
  s: number
}

function logOf(service: Service): string {
  return join(service.perfDirectory, '1', 'nginx.log')
}

function linesOf(service: Service): AccessLine[] {
  const lines = readFileSync(logOf(service), 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line) as AccessLine)
}

async function statusOf(service: Service, path: string): Promise<number> {
  const response = await fetch(service.url + path)
  await response.arrayBuffer()
  return response.status
}

test('nginx logs what fails, and at level calls everything, within the limit', async () => {
  const [some, all] = await Promise.all([
    startService(),
    startService({ settings: { perf: { level: 'calls', bytesPerProcessMax: 64 * 1024 } } }),
  ])
  try {
    for (const service of [some, all]) {
      expect(await statusOf(service, '/healthz')).toBe(200)
      expect(await statusOf(service, '/v1/account')).toBe(401)
    }
    const failure = { rt: 'api', s: 401 }
    await waitUntil('the failure is logged', () => linesOf(some).length > 0)
    await waitUntil('both requests are logged', () => linesOf(all).some(({ s }) => s === 401))
    expect(linesOf(some).filter(({ s }) => s >= 400)).toEqual([expect.objectContaining(failure)])
    expect(linesOf(all).some(({ s }) => s === 200)).toBe(true)
    await waitUntil('the log begins anew', async () => {
      await Promise.all(Array.from({ length: 50 }, () => statusOf(all, '/healthz')))
      return existsSync(`${logOf(all)}.1`) && statSync(logOf(all)).size > 0
    })
  } finally {
    await Promise.all([some.dispose(), all.dispose()])
  }
})
