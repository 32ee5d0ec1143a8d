import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ConfigInput } from '../../webserver/config/schema'
import { Client, type Received } from '../support/files/client'
import { SmallDisk } from '../support/service/small-disk'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const mebibyte = 1024 ** 2
// Mounting takes root; elsewhere a limit of file sizes stands for a full disk (files-limits.test.ts).
const onSmallDisk = SmallDisk.isPossible ? describe : describe.skip

onSmallDisk('a disk that fills up', () => {
  let disk: SmallDisk
  let service: Service
  let admin: Client

  async function start(sizeBytes: number, settings: ConfigInput): Promise<void> {
    disk = SmallDisk.mount(sizeBytes)
    const quiet = { perf: { level: 'off' }, ...settings } as const
    service = await startService({ settings: quiet, directory: disk.directory })
    admin = await Client.first(service.url, service.firstAccountToken())
  }
  afterEach(async () => {
    // Its directory is a place that only unmounting removes.
    await service.stop()
    await service.dispose().catch(() => undefined)
    disk.unmount()
  })

  const pathOf = (name: string) => `/v1/files/root/${name}`
  const put = (name: string, bytes: number) =>
    admin.send({ method: 'PUT', path: pathOf(name), body: randomBytes(bytes) })
  const remove = (name: string) =>
    admin.send({ method: 'DELETE', path: `${pathOf(name)}?permanent=true` })
  const removeInBulk = (name: string) => {
    const operations = [{ op: 'delete', from: { owner: 'root', path: name } }]
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ operations })
    return admin.send({ method: 'POST', path: '/v1/bulk', headers, body })
  }
  const codeOf = ({ status, body }: Received) =>
    `${status} ${(JSON.parse(body.toString()) as { code?: string }).code ?? ''}`
  const drafts = () => readdirSync(join(service.dataDirectory, 'drafts'))

  test('a floor of free space is kept: uploads are refused before it, deletions are not', async () => {
    await start(96 * mebibyte, { files: { freeBytesMin: 64 * mebibyte } })
    expect((await put('small', mebibyte)).status).toBe(201)
    // Its length is said, so that not a byte of it is asked for.
    expect(codeOf(await put('large', 40 * mebibyte))).toBe('507 storage_full')
    const chunks = Array.from({ length: 64 }, () => Buffer.alloc(mebibyte, 1))
    const sent = { method: 'PUT', path: pathOf('unknown'), body: Readable.from(chunks) }
    // Refused in mid-body: whether the answer is seen before the connection ends is the client's luck.
    expect(await admin.stream(sent).then(codeOf, () => 'cut')).toMatch(/^(?:507 storage_full|cut)$/)
    await waitUntil('no draft is left', () => drafts().length === 0)
    expect((await admin.send({ method: 'GET', path: pathOf('unknown') })).status).toBe(404)
    disk.fill()
    expect((await remove('small')).status).toBe(204)
    disk.empty()
    await waitUntil('uploads are taken again', async () => (await put('a', 10)).status < 300)
  })

  test('full to the last byte, deletions are recorded by the reserve, and it recovers', async () => {
    const none = { files: { freeBytesMin: 0 } }
    await start(64 * mebibyte, { ...none, database: { reserveBytes: 4 * mebibyte } })
    for (let i = 0; i < 20; i++) expect((await put(`file-${i}`, 10)).status).toBe(201)
    disk.fill()
    expect(codeOf(await put('more', mebibyte))).toBe('507 storage_full')
    // There is no room for a draft, and none for a record.
    expect(codeOf(await put('empty', 0))).toBe('507 storage_full')
    for (let i = 0; i < 19; i++) expect((await remove(`file-${i}`)).status).toBe(204)
    expect((await removeInBulk('file-19')).status).toBe(200)
    // What the reserve gave back is for more of the same, not for new files.
    expect(codeOf(await put('empty', 0))).toBe('507 storage_full')
    const list = await admin.send({ method: 'GET', path: '/v1/files' })
    expect(JSON.parse(list.body.toString())).toMatchObject({ files: [] })

    disk.empty()
    await waitUntil('uploads are taken again', async () => (await put('a', 10)).status < 300)
    expect(readdirSync(join(service.dataDirectory, 'database'))).toContain('reserve')
    expect(service.processes().map(({ role }) => role)).toContain('writer')
  })

  test('without a reserve a full disk stays full', async () => {
    const none = { files: { freeBytesMin: 0 } }
    await start(64 * mebibyte, { ...none, database: { reserveBytes: 0 } })
    for (let i = 0; i < 30; i++) expect((await put(`file-${i}`, 10)).status).toBe(201)
    disk.fill()
    // The log may have room left in its last pages.
    const statuses = []
    for (let i = 0; i < 30; i++) statuses.push((await remove(`file-${i}`)).status)
    expect(statuses).toContain(507)
    disk.empty()
    const kept = statuses.lastIndexOf(507)
    await waitUntil('it can be deleted', async () => {
      return (await remove(`file-${kept}`)).status === 204
    })
  })
})
