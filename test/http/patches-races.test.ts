import { buffer } from 'node:stream/consumers'
import { FileStore, type Written } from '../support/files/file-store'

const settings = { compactAfterMs: 0, requirePatchCondition: false, versionsKept: 0 }
const atEnd = (text: string, offsetBytes: number | null = null): Written[] => [
  { place: { kind: 'append', offsetBytes }, content: Buffer.from(text) },
]
const at = (startByte: number, text: string): Written[] => [
  { place: { kind: 'at', startByte }, content: Buffer.from(text) },
]

describe.each(['sqlite', 'debug'] as const)(
  'what happens while a patch is sent, with the %s database',
  (kind) => {
    let store: FileStore
    let path: string
    let names = 0

    beforeAll(async () => {
      store = await FileStore.start(kind, settings)
    })
    afterAll(async () => expect(await store.stop()).toEqual([]))
    beforeEach(async () => {
      path = `file-${++names}`
      store.nowMs += 1000
      // What the tests before left in extents.
      await store.compaction.pass()
    })

    /** A file of two extents. */
    async function scattered() {
      await store.put(path, `one ${names} `)
      const file = await store.patch(path, atEnd('two '))
      store.nowMs += 1000
      return file
    }
    const compactAndSweep = async () => {
      expect(await store.compaction.pass()).toBe(1)
      await store.sweep()
    }
    const content = async () => (await store.read(path)).toString()

    test('a file that is laid out anew, its old blobs swept, is patched as it is by then', async () => {
      const { etag } = await scattered()
      const condition = { ifMatch: [etag] }
      const after = await store.patch(path, at(0, 'ONE'), { condition, meanwhile: compactAndSweep })
      expect(await content()).toBe(`ONE ${names} two `)
      expect(after.extents).toHaveLength(2)
    })

    test('a file that is replaced is not patched under If-Match, and the patch leaves nothing', async () => {
      const { etag } = await scattered()
      const condition = { ifMatch: [etag] }
      const meanwhile = () => store.put(path, 'another')
      await expect(store.patch(path, at(0, 'ONE'), { condition, meanwhile })).rejects.toMatchObject(
        {
          code: 'precondition_failed',
        },
      )
      expect(await content()).toBe('another')
    })

    test('an append at an offset that is no longer the end is a conflict', async () => {
      const { sizeBytes } = await scattered()
      const meanwhile = () => store.patch(path, atEnd('three ', sizeBytes))
      const patching = store.patch(path, atEnd('four ', sizeBytes), { meanwhile })
      await expect(patching).rejects.toMatchObject({ code: 'conflict', field: 'Upload-Offset' })
      expect(await content()).toBe(`one ${names} two three `)
    })

    test('an append to wherever the end is comes after what others appended', async () => {
      await scattered()
      const meanwhile = () => store.patch(path, atEnd('three '))
      await store.patch(path, atEnd('four '), { meanwhile })
      expect(await content()).toBe(`one ${names} two three four `)
    })

    test('many plain appends at once are all there, each whole', async () => {
      await store.put(path, '')
      const pieces = Array.from({ length: 8 }, (_, index) => `<${index}>`)
      await Promise.all(pieces.map((piece) => store.patch(path, atEnd(piece))))
      expect((await content()).match(/<\d>/g)!.sort()).toEqual(pieces)
      expect(await content()).toHaveLength(24)
    })

    test('a file that is deleted is not patched', async () => {
      await scattered()
      const key = { owner: 'alice', path }
      const meanwhile = async () => {
        await store.database.files.delete(
          { ...store.caller, seesAll: false, linkId: null, nowMs: store.nowMs },
          { key, condition: {}, nowMs: store.nowMs, toTrash: false },
        )
        await store.sweep()
      }
      const patching = store.patch(path, at(0, 'ONE'), { meanwhile })
      await expect(patching).rejects.toMatchObject({ code: 'not_found' })
    })

    test('who read a file before it was laid out anew reads on', async () => {
      const { etag } = await scattered()
      const open = await store.open(path)
      expect(await store.compaction.pass()).toBe(1)
      const expected = `one ${names} two `
      expect((await buffer(await open.read(0, expected.length - 1))).toString()).toBe(expected)
      const { file } = await store.open(path)
      expect(file).toMatchObject({ etag, extents: null, version: 2 })
      expect(await content()).toBe(expected)
    })

    test('a file that changes while it is laid out anew stays as it became', async () => {
      const { etag } = await scattered()
      const found = await store.database.contents.scattered({
        ...{ beforeMs: store.nowMs, crowdedBeforeMs: 0, crowdedExtents: 9, limit: 10 },
      })
      expect(found.map((one) => one.etag)).toEqual([etag])
      await store.patch(path, atEnd('three '))
      const { fileId, version } = found[0]!
      const { sha256 } = await store.put('other', `one ${names} two `)
      const compaction = { fileId, version, etag, sha256: sha256!, linked: [], nowMs: store.nowMs }
      expect(await store.database.contents.compact(compaction)).toBe(false)
      expect(await content()).toBe(`one ${names} two three `)
    })
  },
)
