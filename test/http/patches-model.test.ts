import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { openDiskBlobStore } from '../../webserver/blobs/disk/disk-blob-store'
import { configSchema } from '../../webserver/config/schema'
import type { Caller } from '../../webserver/domain/account'
import type { BlobStore } from '../../webserver/domain/blob-store'
import type { Database } from '../../webserver/domain/database'
import { isAppError } from '../../webserver/domain/errors'
import { startOf, type PatchPart, type PatchPlace } from '../../webserver/domain/patch'
import { noTiming } from '../../webserver/domain/timing'
import { CompactionService } from '../../webserver/services/compaction-service'
import { FileService } from '../../webserver/services/file-service'
import { inconsistenciesOf } from '../support/database/consistency'
import { ScratchDatabase } from '../support/database/scratch-database'
import { sha256Of } from '../support/files/blob-store-suite'

const defaults = configSchema.parse({}).files
// Few extents, so that they are merged all the time.
const settings = {
  ...defaults,
  ...{ extentsMax: 6, versionsKept: 2, appendVersionMs: 50, requirePatchCondition: false },
  ...{ compactAfterMs: 0, compactCrowdedAfterMs: 0 },
}

interface Written {
  place: PatchPlace
  content: Buffer
}

const place: fc.Arbitrary<PatchPlace> = fc.oneof(
  fc.nat(60).map((startByte): PatchPlace => ({ kind: 'at', startByte })),
  fc.constant<PatchPlace>({ kind: 'append', offsetBytes: null }),
  fc.nat(60).map((offsetBytes): PatchPlace => ({ kind: 'append', offsetBytes })),
  fc.nat(60).map((lengthBytes): PatchPlace => ({ kind: 'last', lengthBytes })),
)
const content = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes))
const parts = fc.array(fc.record({ place, content }), { minLength: 1, maxLength: 3 })
type Step = Written[] | 'compact' | 'replace'
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: parts },
  { weight: 1, arbitrary: fc.constant('compact' as const) },
  { weight: 1, arbitrary: fc.constant('replace' as const) },
)

/** What a patch makes of bytes, by copying them; null when it is refused. */
function patched(before: Buffer, list: readonly Written[]): Buffer | null {
  let bytes = before
  for (const { place, content } of list) {
    try {
      const start = startOf(place, bytes.length)
      bytes = Buffer.concat([
        bytes.subarray(0, start),
        content,
        bytes.subarray(start + content.length),
      ])
    } catch (error) {
      if (isAppError(error)) return null
      throw error
    }
  }
  return bytes
}

/* eslint-disable @typescript-eslint/require-await -- bytes that are there already */
async function* bytesOf(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

async function* partsOf(list: readonly Written[]): AsyncGenerator<PatchPart> {
  for (const { place, content } of list)
    yield { place, lengthBytes: content.length, completeBytes: null, bytes: bytesOf(content) }
}
/* eslint-enable @typescript-eslint/require-await */

describe('any patches make of a file what they make of a buffer', () => {
  let scratch: ScratchDatabase
  let database: Database
  let blobs: BlobStore
  let files: FileService
  let compaction: CompactionService
  let caller: Caller
  let nowMs = 1000
  let names = 0
  let patches = 0

  beforeAll(async () => {
    scratch = await ScratchDatabase.create('sqlite')
    await scratch.startWriter()
    database = await scratch.open()
    blobs = await openDiskBlobStore(scratch.paths)
    const use = { database, blobs, settings, now: () => nowMs }
    files = new FileService({ ...use, holder: 'this' })
    compaction = new CompactionService(use)
    const account = await database.accounts.create({
      ...{ id: randomUUID(), name: 'alice', role: 'member', passwordHash: '' },
      ...{ quotaBytes: 1e9, nowMs, onlyIfFirst: true },
    })
    caller = { accountId: account.id, name: 'alice', role: 'member', sessionId: '' }
  })
  afterAll(async () => {
    expect(await scratch.drainWriter()).toBe(0)
    expect(inconsistenciesOf(scratch)).toEqual([])
    await scratch.destroy()
  })

  const put = (path: string, bytes: Buffer) =>
    files.put(
      caller,
      {
        ...{ key: { owner: 'alice', path }, contentType: null, condition: {} },
        declaredBytes: bytes.length,
        openBody: () => bytesOf(bytes),
      },
      noTiming,
    )

  async function read(path: string) {
    const open = await files.get(caller, { owner: 'alice', path }, noTiming)
    const { sizeBytes, sha256, extents } = open.file
    const bytes =
      sizeBytes === 0 ? Buffer.alloc(0) : await buffer(await open.read(0, sizeBytes - 1))
    expect(extents?.length ?? 1).toBeLessThanOrEqual(settings.extentsMax + 6)
    if (sha256 !== null) expect(sha256).toBe(sha256Of(bytes))
    if (sizeBytes > 2)
      expect(await buffer(await open.read(1, sizeBytes - 2))).toEqual(bytes.subarray(1, -1))
    return bytes
  }

  async function take(path: string, before: Buffer, step: Step): Promise<Buffer> {
    nowMs += 20
    if (step === 'compact') {
      await compaction.pass()
      const { file } = await files.get(caller, { owner: 'alice', path }, noTiming)
      expect(file.extents).toBeNull()
      return before
    }
    if (step === 'replace') {
      await put(path, Buffer.from('anew'))
      return Buffer.from('anew')
    }
    patches++
    const expected = patched(before, step)
    const patch = { key: { owner: 'alice', path }, condition: {}, parts: () => partsOf(step) }
    const patching = files.patch(caller, patch, noTiming)
    if (expected !== null) {
      const { file } = await patching
      expect(file.sizeBytes).toBe(expected.length)
      return expected
    }
    const refusal: unknown = await patching.catch((error: unknown) => error)
    expect(isAppError(refusal, 'conflict') || isAppError(refusal, 'range_not_satisfiable')).toBe(
      true,
    )
    return before
  }

  test('2000 patches and more', async () => {
    const run = fc.asyncProperty(
      content,
      fc.array(step, { minLength: 40, maxLength: 60 }),
      async (first, steps) => {
        const path = `file-${++names}`
        await put(path, first)
        let bytes: Buffer = first
        for (const one of steps) {
          bytes = await take(path, bytes, one)
          expect(await read(path)).toEqual(bytes)
        }
      },
    )
    await fc.assert(run, { numRuns: 60, endOnFailure: true })
    expect(patches).toBeGreaterThanOrEqual(2000)
  }, 120_000)
})
