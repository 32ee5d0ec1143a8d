import * as fc from 'fast-check'
import type { Extent } from '../../webserver/domain/content'
import { joined, lengthOf, overwritten, runToMerge, sliceOf } from '../../webserver/domain/extents'

/** Three blobs whose every byte tells where it is from. */
const blobs: Record<string, Buffer> = {
  a: Buffer.from(Array.from({ length: 80 }, (_, index) => index)),
  b: Buffer.from(Array.from({ length: 80 }, (_, index) => 80 + index)),
  c: Buffer.from(Array.from({ length: 80 }, (_, index) => 160 + index)),
}

const extent: fc.Arbitrary<Extent> = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(40), fc.nat(40))
  .map(([sha256, startByte, lengthBytes]) => ({ sha256, startByte, lengthBytes }))
const extents = fc.array(extent, { maxLength: 8 })

const bytesOf = (list: readonly Extent[]) =>
  Buffer.concat(
    list.map(({ sha256, startByte, lengthBytes }) =>
      blobs[sha256]!.subarray(startByte, startByte + lengthBytes),
    ),
  )

describe('extents', () => {
  test('a slice has the bytes of the slice', () => {
    fc.assert(
      fc.property(extents, fc.nat(350), fc.nat(350), (list, start, end) => {
        expect(bytesOf(sliceOf(list, start, end))).toEqual(
          bytesOf(list).subarray(start, Math.max(start, end)),
        )
      }),
    )
  })

  test('joining changes no byte, and leaves nothing to join', () => {
    fc.assert(
      fc.property(extents, (list) => {
        const result = joined(list)
        expect(bytesOf(result)).toEqual(bytesOf(list))
        expect(joined(result)).toEqual(result)
        expect(result.every(({ lengthBytes }) => lengthBytes > 0)).toBe(true)
      }),
    )
  })

  test('what was cut is joined again', () => {
    const whole = [{ sha256: 'a', startByte: 3, lengthBytes: 50 }]
    fc.assert(
      fc.property(fc.nat(50), (at) => {
        expect(joined([...sliceOf(whole, 0, at), ...sliceOf(whole, at, 50)])).toEqual(whole)
      }),
    )
  })

  test('what is written over stands where it was written, within two extents more', () => {
    fc.assert(
      fc.property(extents, extent, fc.nat(1000), (list, written, at) => {
        const startByte = at % (lengthOf(list) + 1)
        const before = bytesOf(list)
        const after = overwritten(list, written, startByte)
        const added = bytesOf([written])
        expect(bytesOf(after)).toEqual(
          Buffer.concat([
            before.subarray(0, startByte),
            added,
            before.subarray(startByte + added.length),
          ]),
        )
        expect(after.length).toBeLessThanOrEqual(list.length + 2)
      }),
    )
  })

  test('a run to merge leaves few enough extents', () => {
    const max = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(fc.array(extent, { minLength: 1, maxLength: 40 }), max, (list, countMax) => {
        const run = runToMerge(list, countMax)
        const { from, to } = run ?? { from: 0, to: 1 }
        expect(run === null).toBe(list.length <= countMax)
        expect(from).toBeGreaterThanOrEqual(0)
        expect(to).toBeLessThanOrEqual(list.length)
        expect(list.length - (to - from) + 1).toBeLessThanOrEqual(countMax)
      }),
    )
  })

  test('a file that grows by equal pieces writes each byte anew a few times only', () => {
    const countMax = 64
    let list: Extent[] = [{ sha256: 'a', startByte: 0, lengthBytes: 1_000_000 }]
    let mergedBytes = 0
    for (let piece = 1; piece <= 10_000; piece++) {
      list.push({ sha256: `piece ${piece}`, startByte: 0, lengthBytes: 200 })
      const run = runToMerge(list, countMax)
      if (run === null) continue
      const lengthBytes = lengthOf(list.slice(run.from, run.to))
      mergedBytes += lengthBytes
      list = [
        ...list.slice(0, run.from),
        { sha256: `merged ${piece}`, startByte: 0, lengthBytes },
        ...list.slice(run.to),
      ]
    }
    expect(lengthOf(list)).toBe(3_000_000)
    expect(mergedBytes / 2_000_000).toBeLessThan(4)
  })
})
