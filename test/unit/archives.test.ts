import fc from 'fast-check'
import { buffer } from 'node:stream/consumers'
import { commonFolderOf, entryNamesOf } from '../../webserver/services/archives/entry-names'
import {
  centralHeaderOf,
  descriptorOf,
  endOf,
  layOut,
  localHeaderOf,
} from '../../webserver/services/archives/zip-format'
import { zipOf, type ZipSource } from '../../webserver/services/archives/zip-stream'
import { readZip } from '../support/files/read-zip'

const modifiedAtMs = Date.UTC(2026, 10, 25, 12, 30, 41)

function sourceOf(name: string, content: Buffer): ZipSource {
  async function* halves() {
    const middle = content.length >> 1
    yield* await Promise.resolve([content.subarray(0, middle), content.subarray(middle)])
  }
  return { name, sizeBytes: content.length, modifiedAtMs, read: () => Promise.resolve(halves()) }
}

const sources = [
  sourceOf('a.txt', Buffer.from('first')),
  sourceOf('ü/empty', Buffer.alloc(0)),
  sourceOf('ü/日本', Buffer.alloc(200_000, 'abc')),
]

describe('a zip', () => {
  const lengthBytes = layOut(sources).lengthBytes
  const bytes = (startByte: number, endByte: number) => buffer(zipOf(sources, startByte, endByte))

  test('is as long as was said, and read back', async () => {
    const zip = await bytes(0, lengthBytes - 1)
    expect(zip).toHaveLength(lengthBytes)
    const files = readZip(zip)
    expect(files.map(({ name }) => name)).toEqual(['a.txt', 'ü/empty', 'ü/日本'])
    expect(files.map(({ content }) => content.length)).toEqual([5, 0, 200_000])
    expect(files.map(({ modifiedAtS }) => modifiedAtS * 1000)).toEqual(Array(3).fill(modifiedAtMs))
  })

  test('of nothing is a zip too', async () => {
    const { lengthBytes } = layOut([])
    expect(readZip(await buffer(zipOf([], 0, lengthBytes - 1)))).toEqual([])
  })

  test('is the same bytes in pieces', async () => {
    const zip = await bytes(0, lengthBytes - 1)
    const position = fc.nat(lengthBytes - 1)
    await fc.assert(
      fc.asyncProperty(position, position, async (one, other) => {
        const [first, last] = [Math.min(one, other), Math.max(one, other)]
        expect((await bytes(first, last)).equals(zip.subarray(first, last + 1))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('ends with an error when a content is shorter than it was', async () => {
    const short = { ...sources[0]!, sizeBytes: 6 }
    await expect(buffer(zipOf([short], 0, 1000))).rejects.toThrow('5 bytes instead of 6')
  })

  const size = fc.oneof(fc.nat(1000), fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }))
  test('is as long as its records say, also beyond 4 GiB', () => {
    const entry = fc.record({ name: fc.string({ minLength: 1 }), sizeBytes: size })
    fc.assert(
      fc.property(fc.array(entry), (some) => {
        const entries = some.map((one) => ({ ...one, modifiedAtMs }))
        const { placed, directory, lengthBytes } = layOut(entries)
        let offsetBytes = 0
        for (const one of placed) {
          expect(one.offsetBytes).toBe(offsetBytes)
          offsetBytes += localHeaderOf(one).length + one.sizeBytes + descriptorOf(one).length
        }
        const headers = placed.reduce((sum, one) => sum + centralHeaderOf(one).length, 0)
        expect(directory).toEqual({ entryCount: some.length, offsetBytes, sizeBytes: headers })
        expect(lengthBytes).toBe(offsetBytes + headers + endOf(directory).length)
      }),
    )
  })

  test('of 65 535 files and more says so in 8 bytes', () => {
    const end = (entryCount: number) => endOf({ entryCount, offsetBytes: 1, sizeBytes: 1 })
    expect(end(65_534)).toHaveLength(22)
    const large = end(65_536)
    expect(large).toHaveLength(98)
    expect(large.readBigUInt64LE(32)).toBe(65_536n)
    expect(large.readUInt16LE(76 + 10)).toBe(65_535)
  })
})

describe('names in an archive', () => {
  test.each([
    ['files below a folder', ['a/b/c', 'a/d'], 'a', ['b/c', 'd']],
    ['all', ['a/b', 'c'], '', ['a/b', 'c']],
    ['a file and a folder of one name', ['a', 'a/b', 'a~'], '', ['a~', 'a/b', 'a~~']],
    ['what Windows would take for a drive', ['C:x', 'C:/y', 'C_x'], '', ['C_x', 'C_/y', 'C_x~']],
  ])('%s', (_name, paths, folder, names) => {
    expect(entryNamesOf(paths, folder)).toEqual(names)
  })

  test('are never two of one, nor a folder', () => {
    const path = fc.array(fc.constantFrom('a', 'a~', 'C:', 'C_'), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.uniqueArray(path.map((segments) => segments.join('/'))), (paths) => {
        const names = entryNamesOf(paths, '')
        expect(new Set(names).size).toBe(paths.length)
        for (const name of names)
          expect(names.some((other) => other.startsWith(`${name}/`))).toBe(false)
      }),
    )
  })

  test.each([
    [['a/b/c'], 'a/b'],
    [['a/b/c', 'a/b/d'], 'a/b'],
    [['a/b/c', 'a/d'], 'a'],
    [['a/b', 'a/b/c'], 'a'],
    [['a', 'b/c'], ''],
    [['ab/c', 'a/c'], ''],
  ])('%j lie in "%s"', (paths, folder) => expect(commonFolderOf(paths)).toBe(folder))
})
