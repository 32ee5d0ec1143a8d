import { randomBytes } from 'node:crypto'
import { pathsOf } from '../../webserver/config/paths'
import { configSchema } from '../../webserver/config/schema'
import { sha256Of } from '../support/backup/busy-files'
import { inconsistenciesOf } from '../support/database/consistency'
import { Client } from '../support/files/client'
import { DiskFaults, underLibfiu, type DiskFault } from '../support/service/disk-faults'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const EIO = 5
const ENOSPC = 28
const uploads = 60
const atOnce = 6

describe('a disk whose calls fail by chance', () => {
  let service: Service
  let client: Client
  let faults: DiskFaults
  const kept = new Map<string, string>()

  beforeAll(async () => {
    service = await startService({
      preload: underLibfiu,
      settings: {
        perf: { level: 'off' },
        files: { trashKeptMs: 0 },
        // Dying of it is what the writer must do.
        cluster: { restartsMax: 1000, restartDelayMaxMs: 100 },
      },
    })
    client = await Client.first(service.url, service.firstAccountToken())
    faults = new DiskFaults(service)
  })
  afterAll(async () => {
    await service.dispose()
    faults.removePipes()
  })

  const pathOf = (name: string) => `/v1/files/root/${name}`

  async function put(name: string): Promise<number> {
    const body = randomBytes(3000)
    const { status } = await client.send({ method: 'PUT', path: pathOf(name), body })
    if (status === 201) kept.set(name, sha256Of(body))
    return status
  }

  /** @returns every status but 201. */
  async function putMany(phase: string): Promise<{ name: string; status: number }[]> {
    const names = Array.from({ length: uploads }, (_, index) => `${phase}-${index}`)
    const failed: { name: string; status: number }[] = []
    const lane = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        const status = await put(name)
        if (status !== 201) failed.push({ name, status })
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return failed
  }

  async function differing(): Promise<string[]> {
    const wrong: string[] = []
    for (const [name, sha256] of kept) {
      const { status, body } = await client.send({ method: 'GET', path: pathOf(name) })
      if (status !== 200 || sha256Of(body) !== sha256) wrong.push(`${name}: ${status}`)
    }
    return wrong
  }

  const cases: [string, DiskFault, number[]][] = [
    [
      'contents cannot be made durable',
      { role: 'worker', call: 'posix/io/sync/fdatasync', errno: EIO },
      [500],
    ],
    [
      'names cannot be made durable',
      { role: 'worker', call: 'posix/io/sync/fsync', errno: EIO },
      [500],
    ],
    [
      'there is no room for contents',
      { role: 'worker', call: 'posix/io/rw/pwrite', errno: ENOSPC },
      [507],
    ],
    [
      'contents cannot be written',
      { role: 'worker', call: 'posix/io/rw/pwrite', errno: EIO },
      [500],
    ],
    [
      'less is written than was asked for',
      { role: 'worker', call: 'posix/io/rw/pwrite/reduce', errno: null },
      [],
    ],
    [
      'there is no room for records',
      { role: 'writer', call: 'posix/io/rw/pwrite', errno: ENOSPC },
      [507],
    ],
    [
      'records cannot be written',
      { role: 'writer', call: 'posix/io/rw/pwrite', errno: EIO },
      [503],
    ],
    [
      'records cannot be made durable',
      { role: 'writer', call: 'posix/io/sync/*', errno: EIO },
      [503],
    ],
  ]

  test.each(cases)(
    '%s: what is acknowledged is kept, and it recovers',
    async (what, fault, statuses) => {
      faults.begin(fault)
      const failed = await putMany(what.replaceAll(' ', '-'))
      expect(failed.filter(({ status }) => !statuses.includes(status))).toEqual([])
      expect(failed.length > 0).toBe(statuses.length > 0)
      faults.end(fault)
      await waitUntil(
        'uploads are taken again',
        async () => (await put(`after-${kept.size}`)) < 300,
      )
      await service.ready()
      expect(await differing()).toEqual([])
      for (const { name } of failed.filter(({ status }) => status === 507))
        expect((await client.send({ method: 'GET', path: pathOf(name) })).status).toBe(404)
    },
  )

  test('afterwards the books balance', async () => {
    const { code } = await service.stop()
    expect(code).toBe(0)
    const config = configSchema.parse({ data: { directory: service.dataDirectory } })
    expect(inconsistenciesOf({ config, paths: pathsOf(config) })).toEqual([])
  })
})
