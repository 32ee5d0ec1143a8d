import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { isAppError } from '../../webserver/domain/errors'
import { startOf, type PatchPlace } from '../../webserver/domain/patch'
import { sha256Of } from '../support/files/blob-store-suite'
import { FileStore, type Written } from '../support/files/file-store'

// Few extents, so that they are merged all the time.
const settings = {
  ...{ extentsMax: 6, versionsKept: 2, appendVersionMs: 50, requirePatchCondition: false },
  ...{ compactAfterMs: 0, compactCrowdedAfterMs: 0 },
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

describe('any patches make of a file what they make of a buffer', () => {
  let store: FileStore
  let names = 0
  let patches = 0

  beforeAll(async () => {
    store = await FileStore.start('sqlite', settings)
  })
  afterAll(async () => expect(await store.stop()).toEqual([]))

  async function look(path: string): Promise<Buffer> {
    const open = await store.open(path)
    const { sizeBytes, sha256, extents } = open.file
    const bytes = await store.read(path)
    expect(extents?.length ?? 1).toBeLessThanOrEqual(settings.extentsMax + 6)
    if (sha256 !== null) expect(sha256).toBe(sha256Of(bytes))
    if (sizeBytes > 2)
      expect(await buffer(await open.read(1, sizeBytes - 2))).toEqual(bytes.subarray(1, -1))
    return bytes
  }

  async function take(path: string, before: Buffer, step: Step): Promise<Buffer> {
    store.nowMs += 20
    if (step === 'compact') {
      await store.compaction.pass()
      await store.sweep()
      expect((await store.open(path)).file.extents).toBeNull()
      return before
    }
    if (step === 'replace') {
      await store.put(path, 'anew')
      return Buffer.from('anew')
    }
    patches++
    const expected = patched(before, step)
    const patching = store.patch(path, step)
    if (expected !== null) {
      expect((await patching).sizeBytes).toBe(expected.length)
      return expected
    }
    const refusal: unknown = await patching.catch((error: unknown) => error)
    const isKnown = isAppError(refusal, 'conflict') || isAppError(refusal, 'range_not_satisfiable')
    expect(isKnown).toBe(true)
    return before
  }

  test('2000 patches and more', async () => {
    const run = fc.asyncProperty(
      content,
      fc.array(step, { minLength: 50, maxLength: 50 }),
      async (first, steps) => {
        const path = `file-${++names}`
        await store.put(path, first)
        let bytes: Buffer = first
        for (const one of steps) {
          bytes = await take(path, bytes, one)
          expect(await look(path)).toEqual(bytes)
        }
      },
    )
    await fc.assert(run, { numRuns: 48, endOnFailure: true })
    expect(patches).toBeGreaterThanOrEqual(2000)
  }, 120_000)
})
