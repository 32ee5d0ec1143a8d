import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { BlobStore } from '../../../webserver/domain/blob-store'
import { noTiming } from '../../../webserver/domain/timing'

export interface StoreUnderTest {
  store: BlobStore
  /** A second store on the same data, as another process would open it. */
  openAnother(): Promise<BlobStore>
  close(): Promise<void>
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Takes a content through a whole upload. */
export async function keep(store: BlobStore, content: Buffer): Promise<{ linked: boolean }> {
  const draft = await store.createDraft(noTiming)
  try {
    await draft.write(content)
    await draft.seal()
    return await draft.publish()
  } finally {
    await draft.discard()
  }
}

export async function listed(store: BlobStore): Promise<string[]> {
  const digests: string[] = []
  for await (const sha256 of store.list()) digests.push(sha256)
  return digests.sort()
}

async function drafts(store: BlobStore): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of store.listDrafts()) names.push(name)
  return names
}

/** What every store of blobs must do; each implementation runs it without exceptions. */
export function blobStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} blob store`, () => {
    let under: StoreUnderTest
    let store: BlobStore

    beforeEach(async () => {
      under = await open()
      store = under.store
    })
    afterEach(() => under.close())

    const readAll = async (sha256: string, startByte: number, endByte: number) =>
      buffer(await store.read(sha256, startByte, endByte))

    test('a published content is read back byte for byte', async () => {
      const content = randomBytes(1_000_003)
      await keep(store, content)
      const read = await readAll(sha256Of(content), 0, content.length - 1)
      expect(read.equals(content)).toBe(true)
    })

    test('a seal tells the digest and size of what was written in pieces', async () => {
      const draft = await store.createDraft(noTiming)
      for (const piece of ['a', 'bc', '', 'def']) await draft.write(Buffer.from(piece))
      expect(await draft.seal()).toEqual({ sha256: sha256Of(Buffer.from('abcdef')), sizeBytes: 6 })
      await draft.discard()
    })

    test('an empty content is a content', async () => {
      expect(await keep(store, Buffer.alloc(0))).toEqual({ linked: true })
      expect(await readAll(sha256Of(Buffer.alloc(0)), 0, -1)).toHaveLength(0)
    })

    test.each([
      ['the first byte', 0, 0, 'a'],
      ['the last byte', 9, 9, 'j'],
      ['a part in the middle', 3, 5, 'def'],
      ['the whole', 0, 9, 'abcdefghij'],
    ])('a range is read: %s', async (_name, startByte, endByte, text) => {
      const content = Buffer.from('abcdefghij')
      await keep(store, content)
      expect((await readAll(sha256Of(content), startByte, endByte)).toString()).toBe(text)
    })

    test('the same content is linked once', async () => {
      const content = randomBytes(100)
      expect(await keep(store, content)).toEqual({ linked: true })
      expect(await keep(store, content)).toEqual({ linked: false })
      expect(await listed(store)).toEqual([sha256Of(content)])
    })

    test('of many uploads of one content at once, through two stores, one links it', async () => {
      const another = await under.openAnother()
      const content = randomBytes(100)
      const stores = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : another))
      const results = await Promise.all(stores.map((each) => keep(each, content)))
      expect(results.filter(({ linked }) => linked)).toHaveLength(1)
    })

    test('a publish is repeated when its blob was removed meanwhile', async () => {
      const content = randomBytes(100)
      const draft = await store.createDraft(noTiming)
      await draft.write(content)
      const { sha256 } = await draft.seal()
      expect(await draft.publish()).toEqual({ linked: true })
      expect(await draft.publish()).toEqual({ linked: false })
      await store.remove(sha256)
      expect(await draft.publish()).toEqual({ linked: true })
      await draft.discard()
      expect((await readAll(sha256, 0, 99)).equals(content)).toBe(true)
    })

    test('publishing and removing the same content at once never fails', async () => {
      const content = randomBytes(100)
      const sha256 = sha256Of(content)
      const publishing = Array.from({ length: 200 }, () => keep(store, content))
      const removing = Array.from({ length: 200 }, () => store.remove(sha256))
      await Promise.all([...publishing, ...removing])
      await keep(store, content)
      expect(await listed(store)).toEqual([sha256])
    })

    test('a draft that is discarded leaves nothing, however far it came', async () => {
      const early = await store.createDraft(noTiming)
      await early.discard()
      const written = await store.createDraft(noTiming)
      await written.write(randomBytes(10))
      await written.discard()
      const sealed = await store.createDraft(noTiming)
      await sealed.seal()
      await sealed.discard()
      expect(await listed(store)).toEqual([])
      expect(await drafts(store)).toEqual([])
    })

    test('drafts that a crash left are listed and removed, blobs are not', async () => {
      const content = randomBytes(10)
      await keep(store, content)
      const left = await store.createDraft(noTiming)
      await left.write(randomBytes(10))
      await left.seal()
      const names = await drafts(store)
      expect(names).toHaveLength(1)
      await store.removeDraft(names[0]!)
      await store.removeDraft(names[0]!)
      expect(await drafts(store)).toEqual([])
      expect(await listed(store)).toEqual([sha256Of(content)])
    })

    const resume = (name: string, offsetBytes: number, apart = false) =>
      store.openDraft(name, { offsetBytes, apart })

    async function append(name: string, offsetBytes: number, content: Buffer): Promise<void> {
      const draft = await resume(name, offsetBytes)
      await draft.write(content)
      await draft.flush()
      await draft.close()
    }

    test('a draft is continued where it is told to be, and becomes a blob', async () => {
      const content = randomBytes(30)
      await append('some-upload', 0, content.subarray(0, 10))
      await append('some-upload', 10, randomBytes(50))
      await append('some-upload', 10, content.subarray(10))
      const sha256 = sha256Of(content)
      const publish = () => store.publishDraft('some-upload', { sha256, sizeBytes: 30 })
      expect(await publish()).toEqual({ linked: true })
      expect(await publish()).toEqual({ linked: false })
      await store.removeDraft('some-upload')
      expect((await buffer(await store.read(sha256, 0, 29))).equals(content)).toBe(true)
    })

    test('a draft that has become a blob is gone on with apart from it', async () => {
      const content = randomBytes(30)
      const sha256 = sha256Of(content)
      await append('some-upload', 0, content)
      await store.publishDraft('some-upload', { sha256, sizeBytes: 30 })
      await append('some-upload', 10, randomBytes(50))
      expect((await buffer(await store.read(sha256, 0, 29))).equals(content)).toBe(true)
      await store.removeDraft('some-upload')
    })

    test('a draft that is shorter than it should be, or gone, is said to be gone', async () => {
      await append('some-upload', 0, randomBytes(10))
      await expect(resume('some-upload', 11)).rejects.toMatchObject({ code: 'gone' })
      await expect(resume('no-upload', 1)).rejects.toMatchObject({ code: 'gone' })
    })

    test('who still writes to a draft that was taken over changes nothing in it', async () => {
      const content = randomBytes(30)
      const late = await resume('some-upload', 0)
      await late.write(content.subarray(0, 10))
      await late.flush()
      const next = await resume('some-upload', 10, true)
      await next.write(content.subarray(10))
      await late.write(randomBytes(20))
      await next.flush()
      await Promise.all([late.close(), next.close()])
      const sha256 = sha256Of(content)
      await store.publishDraft('some-upload', { sha256, sizeBytes: 30 })
      await store.removeDraft('some-upload')
      expect((await buffer(await store.read(sha256, 0, 29))).equals(content)).toBe(true)
      expect(await drafts(store)).toEqual([])
    })

    test('a removed blob is gone; removing it again does nothing', async () => {
      const content = randomBytes(10)
      await keep(store, content)
      await store.remove(sha256Of(content))
      await store.remove(sha256Of(content))
      expect(await listed(store)).toEqual([])
    })

    test('reading a blob that is missing fails as internal, and names no path', async () => {
      const sha256 = sha256Of(Buffer.from('never stored'))
      await expect(store.read(sha256, 0, 1)).rejects.toMatchObject({ code: 'internal' })
      await expect(store.read(sha256, 0, 1)).rejects.not.toThrow(/\//)
    })

    test('a reader goes on when the blob is removed under it', async () => {
      const content = randomBytes(3_000_000)
      await keep(store, content)
      const stream = await store.read(sha256Of(content), 0, content.length - 1)
      await store.remove(sha256Of(content))
      expect((await buffer(stream)).equals(content)).toBe(true)
    })

    test('the location is the digest below its first byte', () => {
      const sha256 = sha256Of(Buffer.from('x'))
      expect(store.location(sha256)).toBe(`${sha256.slice(0, 2)}/${sha256}`)
    })
  })
}
