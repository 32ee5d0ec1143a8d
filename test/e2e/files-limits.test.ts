import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Client } from '../support/files/client'
import { startService, type Service, type ServiceOptions } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const mebibyte = 1024 ** 2

describe.each([true, false])('the limits of files, with nginx: %s', (nginx) => {
  let service: Service
  let admin: Client

  async function start(settings: ServiceOptions['settings'] = {}): Promise<void> {
    service = await startService({ nginx, settings })
    admin = await Client.first(service.url, service.firstAccountToken())
  }
  afterEach(() => service.dispose())

  const drafts = () => readdirSync(join(service.dataDirectory, 'drafts'))
  const put = (client: Client, path: string, body: Buffer) =>
    client.send({ method: 'PUT', path, body })

  test('a quota is exact under 50 uploads at once', async () => {
    await start({ accounts: { quotaBytes: 10 * mebibyte } })
    const alice = await admin.makeMember('alice')
    const uploads = Array.from({ length: 50 }, (_, i) =>
      put(alice, `/v1/files/alice/${i}`, randomBytes(mebibyte)),
    )
    const statuses = (await Promise.all(uploads)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(10)
    expect(statuses.filter((status) => status === 507)).toHaveLength(40)
    const account = await alice.send({ method: 'GET', path: '/v1/account' })
    expect(JSON.parse(account.body.toString())).toMatchObject({ usedBytes: 10 * mebibyte })
    const list = await alice.send({ method: 'GET', path: '/v1/files' })
    expect((JSON.parse(list.body.toString()) as { files: unknown[] }).files).toHaveLength(10)
    expect(drafts()).toEqual([])
  })

  test('memory does not grow with the length of an upload or a download', async () => {
    await start({ cluster: { workers: 1 } })
    const [worker] = service.pids('worker')
    const before = peakBytes(worker!)
    const path = '/v1/files/root/large'
    const stored = await admin.stream({ method: 'PUT', path, body: zeros(1024) })
    expect(stored.status).toBe(201)
    expect(await admin.measure(path)).toBe(1024 * mebibyte)
    expect(peakBytes(worker!) - before).toBeLessThan(120 * mebibyte)
    expect(drafts()).toEqual([])
  })

  test('a client that goes away in mid-upload leaves no draft and no file', async () => {
    await start()
    const path = '/v1/files/root/cut'
    const body = zeros(1_000_000)
    const upload = admin.stream({ method: 'PUT', path, body })
    await waitUntil('the draft is there', () => drafts().length === 1)
    body.destroy()
    await expect(upload).rejects.toThrow()
    await waitUntil('the draft is gone', () => drafts().length === 0)
    expect((await admin.send({ method: 'GET', path })).status).toBe(404)
  })

  test('a full disk is answered 507, leaves no draft, and the service goes on', async () => {
    await start({ cluster: { workers: 1 } })
    const [worker] = service.pids('worker')
    // No file of the worker may grow beyond this: to it the disk is full.
    execFileSync('prlimit', ['--pid', String(worker), '--fsize=100000'])
    const full = await put(admin, '/v1/files/root/large', randomBytes(mebibyte))
    expect(full.status).toBe(507)
    expect(JSON.parse(full.body.toString())).toMatchObject({ code: 'storage_full' })
    await waitUntil('the draft is gone', () => drafts().length === 0)
    expect((await put(admin, '/v1/files/root/small', randomBytes(1000))).status).toBe(201)
    expect(service.pids('worker')).toEqual([worker])
  })
})

function zeros(mebibytes: number): Readable {
  const block = Buffer.alloc(mebibyte)
  return Readable.from(Array.from({ length: mebibytes }, () => block))
}

/** The most memory that the process has had in RAM. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024
}
