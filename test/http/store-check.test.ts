import { randomBytes } from 'node:crypto'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDiskBlobStore } from '../../webserver/blobs/disk/disk-blob-store'
import type { BlobStore } from '../../webserver/domain/blob-store'
import type { Database } from '../../webserver/domain/database'
import { wholeBlob } from '../../webserver/domain/content'
import { MaintenanceService } from '../../webserver/services/maintenance-service'
import { maintenanceSteps } from '../../webserver/services/maintenance-steps'
import { StoreCheck } from '../../webserver/services/store-check'
import type { DamagedContent } from '../../webserver/services/store-walk'
import { addAccount, admin, commitOf } from '../support/database/fixtures'
import { ScratchDatabase } from '../support/database/scratch-database'
import { keep, listed, sha256Of } from '../support/files/blob-store-suite'

const sweepAgeMs = 60_000
const throwing = (error: unknown) => {
  throw error
}

describe.each(['sqlite', 'debug'] as const)('comparing store and records, %s', (kind) => {
  let scratch: ScratchDatabase
  let database: Database
  let blobs: BlobStore
  let nowMs: number
  const now = () => nowMs
  const becomeOld = () => (nowMs = Date.now() + sweepAgeMs + 1000)

  beforeEach(async () => {
    nowMs = Date.now()
    scratch = await ScratchDatabase.create(kind)
    blobs = await openDiskBlobStore(scratch.paths)
    await scratch.startWriter()
    database = await scratch.open()
    await addAccount(database, 'ann')
  })
  afterEach(() => scratch.destroy())

  async function put(path: string, content: Buffer, linked = true): Promise<void> {
    if (linked) await keep(blobs, content)
    const sha256 = sha256Of(content)
    const whole = { ...wholeBlob(sha256, content.length), linked: linked ? [sha256] : [], nowMs }
    await database.files.commit(admin, commitOf('ann', path, '', whole))
  }

  function makeCheck(onDamaged: (damage: DamagedContent) => void = throwing): StoreCheck {
    return new StoreCheck({
      database,
      blobs,
      settings: { storeCheckIntervalMs: 1e6, storeCheckPerSecond: 1e6, sweepAgeMs },
      now,
      onChecked: () => undefined,
      onDamaged,
      onBackgroundError: throwing,
    })
  }

  async function sweep(): Promise<void> {
    const kept = { versionsKept: 0, versionKeptMs: 1e9, trashKeptMs: 0 }
    const settings = {
      ...kept,
      sweepIntervalMs: 1e6,
      sweepAgeMs,
      sessionIdleTimeoutMs: 1e6,
      expiredLinkKeptMs: 1e6,
    }
    const steps = maintenanceSteps({ database, blobs, now, settings })
    await new MaintenanceService({ steps, intervalMs: 1e6, onBackgroundError: throwing }).pass()
  }

  test('a blob that no record knows goes in two phases, once it is old enough', async () => {
    const [kept, strange] = [randomBytes(10), randomBytes(11)]
    await put('kept', kept)
    await keep(blobs, strange)
    expect(await makeCheck().check()).toEqual({ adopted: 0, foreign: 0, damaged: 0 })
    becomeOld()
    expect(await makeCheck().check()).toEqual({ adopted: 1, foreign: 0, damaged: 0 })
    expect(await makeCheck().check()).toMatchObject({ adopted: 0 })
    await sweep()
    expect(await listed(blobs)).toHaveLength(2)
    nowMs += sweepAgeMs
    await sweep()
    expect(await listed(blobs)).toEqual([sha256Of(kept)])
  })

  test('an upload that found a blob between its two phases keeps it', async () => {
    const strange = randomBytes(11)
    await keep(blobs, strange)
    becomeOld()
    await makeCheck().check()
    await put('a', strange, false)
    nowMs += sweepAgeMs
    await sweep()
    expect(await listed(blobs)).toEqual([sha256Of(strange)])
  })

  test('what lies in the store and is no blob is counted and left alone', async () => {
    const path = join(scratch.paths.blobs, '00', 'notes.txt')
    await writeFile(path, 'by hand')
    becomeOld()
    expect(await makeCheck().check()).toEqual({ adopted: 0, foreign: 1, damaged: 0 })
    expect(await readFile(path, 'utf8')).toBe('by hand')
  })

  test('a record whose blob is missing or of another size is told of and stays', async () => {
    const contents = [randomBytes(10), randomBytes(20), randomBytes(30)] as const
    for (const [index, content] of contents.entries()) await put(`file ${index}`, content)
    await blobs.remove(sha256Of(contents[0]))
    await truncate(join(scratch.paths.blobs, blobs.location(sha256Of(contents[1]))), 7)
    const damages: DamagedContent[] = []
    const check = makeCheck((damage) => damages.push(damage))

    expect(await check.check()).toMatchObject({ damaged: 2 })
    expect(damages.map(({ use, foundBytes }) => [use.path, foundBytes])).toEqual([
      ['file 0', null],
      ['file 1', 7],
    ])
    expect((await database.blobs.referenced(contents.map(sha256Of))).size).toBe(3)
  })

  test('a read error ends a check, which goes on there', async () => {
    await keep(blobs, randomBytes(11))
    becomeOld()
    // A file where a directory is expected: its listing fails.
    const broken = join(scratch.paths.blobs, 'zz')
    await writeFile(broken, '')
    const check = makeCheck()
    await expect(check.check()).rejects.toMatchObject({ code: 'ENOTDIR' })
    await rm(broken)
    expect(await check.check()).toMatchObject({ adopted: 1 })
  })
})
