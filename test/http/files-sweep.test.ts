import { randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { openDiskBlobStore } from '../../webserver/blobs/disk/disk-blob-store'
import { takeHold } from '../../webserver/blobs/disk/holds'
import { prepareDatabase } from '../../webserver/database/open-database'
import type { Caller } from '../../webserver/domain/account'
import type { BlobStore } from '../../webserver/domain/blob-store'
import type { Database } from '../../webserver/domain/database'
import type { FileCondition } from '../../webserver/domain/file'
import { noTiming } from '../../webserver/domain/timing'
import { FileService } from '../../webserver/services/file-service'
import { sweepAfterCrash } from '../../webserver/services/crash-sweep'
import { MaintenanceService } from '../../webserver/services/maintenance-service'
import { maintenanceSteps } from '../../webserver/services/maintenance-steps'
import { ScratchDatabase } from '../support/database/scratch-database'
import { keep, listed, sha256Of } from '../support/files/blob-store-suite'
import { waitUntil } from '../support/service/wait-until'

const sweepAgeMs = 60_000
const settings = {
  uploadBytesMax: 1e6,
  uploadsInFlightMax: 1000,
  reserveFromBytes: 1e6,
  requireCondition: false,
  requirePatchCondition: true,
  extentsMax: 64,
  appendVersionMs: 0,
  ...{ appendSessionsMax: 0, appendBytesMax: 0, appendFlushBytes: 1, appendFlushMs: 1 },
  versionsKept: 0,
  trashKeptMs: 0,
}

describe.each(['sqlite', 'debug'] as const)('sweeping, with the %s database', (kind) => {
  let scratch: ScratchDatabase
  let database: Database
  let blobs: BlobStore
  let files: FileService
  let caller: Caller
  let nowMs: number
  const now = () => nowMs

  beforeEach(async () => {
    nowMs = Date.now()
    scratch = await ScratchDatabase.create(kind)
    blobs = await openDiskBlobStore(scratch.paths)
    await openService()
    const account = await database.accounts.create({
      id: randomUUID(),
      name: 'alice',
      role: 'member',
      passwordHash: '',
      quotaBytes: 1e9,
      nowMs,
      onlyIfFirst: true,
    })
    caller = { accountId: account.id, name: 'alice', role: 'member', sessionId: '' }
  })
  afterEach(() => scratch.destroy())

  async function openService(): Promise<void> {
    await scratch.startWriter()
    database = await scratch.open()
    files = new FileService({ database, blobs, settings, now, holder: 'this' })
  }

  function makeMaintenance(sweepIntervalMs = 1e6): MaintenanceService {
    const kept = { versionsKept: 0, versionKeptMs: 1e9, trashKeptMs: 0 }
    const all = {
      ...kept,
      sweepIntervalMs,
      sweepAgeMs,
      sessionIdleTimeoutMs: 1e6,
      expiredLinkKeptMs: 1e6,
    }
    return new MaintenanceService({
      steps: maintenanceSteps({ database, blobs, now, settings: all }),
      intervalMs: sweepIntervalMs,
      onBackgroundError: (error) => {
        throw error
      },
    })
  }

  const keyOf = (path: string) => ({ owner: 'alice', path })

  async function put(path: string, content: Buffer, condition: FileCondition = {}): Promise<void> {
    const upload = {
      key: keyOf(path),
      contentType: null,
      condition,
      declaredBytes: content.length,
      // eslint-disable-next-line @typescript-eslint/require-await -- a body that is there already
      openBody: async function* () {
        yield content
      },
    }
    await files.put(caller, upload, noTiming)
  }
  const remove = (path: string) =>
    files.delete(caller, { key: keyOf(path), condition: {} }, noTiming)

  async function read(path: string): Promise<Buffer> {
    const open = await files.get(caller, keyOf(path), noTiming)
    return buffer(await open.read(0, open.file.sizeBytes - 1))
  }

  test('a content is swept an age after its last file is gone, and not before', async () => {
    const maintenance = makeMaintenance()
    const content = randomBytes(100)
    await put('a', content)
    await put('b', content)
    await remove('a')
    nowMs += 2 * sweepAgeMs
    await maintenance.pass()
    expect((await read('b')).equals(content)).toBe(true)
    await remove('b')
    nowMs += sweepAgeMs - 1
    await maintenance.pass()
    expect(await listed(blobs)).toEqual([sha256Of(content)])
    nowMs += 1
    await maintenance.pass()
    expect(await listed(blobs)).toEqual([])
  })

  test('a content that was swept can be stored again, at once and after it was forgotten', async () => {
    const maintenance = makeMaintenance()
    const content = randomBytes(100)
    for (const waitMs of [0, sweepAgeMs + 1]) {
      await put('a', content)
      await remove('a')
      nowMs += sweepAgeMs
      await maintenance.pass()
      nowMs += waitMs
      await maintenance.pass()
      await put('a', content)
      expect((await read('a')).equals(content)).toBe(true)
    }
  })

  test('the content of an upload that the commit refused is swept too, and may be stored before', async () => {
    const contents = Array.from({ length: 10 }, () => randomBytes(10))
    await put('a', randomBytes(10))
    const condition = { ifNoneMatch: '*' } as const
    const creations = contents.map((content) => put('b', content, condition))
    const refused = (await Promise.allSettled(creations)).filter(
      ({ status }) => status === 'rejected',
    )
    expect(refused).toHaveLength(9)
    expect(await listed(blobs)).toHaveLength(11)
    nowMs += sweepAgeMs
    await put('c', contents[0]!)
    await put('d', contents[1]!)
    await makeMaintenance().pass()
    expect((await read('c')).equals(contents[0]!)).toBe(true)
    expect((await read('d')).equals(contents[1]!)).toBe(true)
    expect((await listed(blobs)).length).toBeLessThanOrEqual(4)
  })

  test('more than one batch is swept', async () => {
    for (let i = 0; i < 105; i++) await put('a', Buffer.from(`content ${i}`))
    await remove('a')
    nowMs += sweepAgeMs
    await makeMaintenance().pass()
    expect(await listed(blobs)).toEqual([])
  })

  test('no upload loses its content to a sweep of the same content', async () => {
    const maintenance = makeMaintenance()
    for (let round = 0; round < 60; round++) {
      const contents = Array.from({ length: 8 }, () => randomBytes(50))
      await Promise.all(contents.map((content, i) => put(`old-${i}`, content)))
      await Promise.all(contents.map((_, i) => remove(`old-${i}`)))
      nowMs += sweepAgeMs
      const uploads = contents.flatMap((content, i) => [
        put(`a-${i}`, content),
        put(`b-${i}`, content),
      ])
      await Promise.all([maintenance.pass(), ...uploads])
      nowMs += sweepAgeMs + 1
      await maintenance.pass()
      for (const [i, content] of contents.entries())
        for (const path of [`a-${i}`, `b-${i}`])
          expect((await read(path)).equals(content)).toBe(true)
    }
  })

  test('while a backup holds the store nothing is removed, by a pass or after a crash', async () => {
    const content = randomBytes(100)
    await put('a', content)
    await remove('a')
    nowMs += 2 * sweepAgeMs
    const hold = await takeHold(scratch.paths.holds)
    const another = await takeHold(scratch.paths.holds)
    await hold.release()
    await makeMaintenance().pass()
    await scratch.killWriter()
    const records = await prepareDatabase(scratch)
    expect(await sweepAfterCrash({ records, blobs })).toEqual({ drafts: 0, contents: 0 })
    await records.close()
    expect(await listed(blobs)).toEqual([sha256Of(content)])
    expect(another.hasLapsed()).toBe(false)

    await another.release()
    await openService()
    await makeMaintenance().pass()
    expect(await listed(blobs)).toEqual([])
  })

  test('passes come by themselves until they are stopped', async () => {
    const content = randomBytes(100)
    await put('a', content)
    await remove('a')
    nowMs += sweepAgeMs
    const maintenance = makeMaintenance(10)
    maintenance.start()
    await waitUntil('the content is swept', async () => (await listed(blobs)).length === 0)
    await maintenance.stop()
  })

  test('after a crash exactly what no file refers to is removed', async () => {
    const [kept, deleted, uncommitted] = [randomBytes(10), randomBytes(11), randomBytes(12)]
    await put('kept', kept)
    await put('deleted', deleted)
    await remove('deleted')
    await keep(blobs, uncommitted)
    const draft = await blobs.createDraft(noTiming)
    await draft.write(Buffer.from('half an upl'))
    await scratch.killWriter()

    const records = await prepareDatabase(scratch)
    expect(await sweepAfterCrash({ records, blobs })).toEqual({ drafts: 1, contents: 2 })
    await records.close()
    await draft.discard()
    expect(await listed(blobs)).toEqual([sha256Of(kept)])

    await openService()
    await put('deleted', deleted)
    nowMs += sweepAgeMs
    await makeMaintenance().pass()
    expect((await read('deleted')).equals(deleted)).toBe(true)
    expect((await read('kept')).equals(kept)).toBe(true)
  })
})
