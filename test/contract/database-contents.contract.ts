import type { Account } from '../../webserver/domain/account'
import type { Extent } from '../../webserver/domain/content'
import type { Database } from '../../webserver/domain/database'
import { contentOfExtents } from '../../webserver/services/content-of-extents'
import { addAccount, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'

const extentOf = (content: string): Extent => ({
  sha256: sha256Of(content),
  startByte: 0,
  lengthBytes: content.length,
})

/** Contents that are made of others, and made one again. */
export function contentsContract(opened: () => Database): void {
  let ann: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
  })
  const key = { owner: 'ann', path: 'a' }
  const commit = (content: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', 'a', content, rest))
  /** Adds a piece to pieces that the file holds, unless it does not. */
  const append = (pieces: string[], piece: string, rest = {}) =>
    commit('', {
      ...contentOfExtents([...pieces, piece].map(extentOf)),
      linked: [sha256Of(piece)],
      amendment: { retained: pieces.map(sha256Of), keepsReplaced: false },
      ...rest,
    })
  const referenced = async (...contents: string[]) => {
    const found = await opened().blobs.referenced(contents.map(sha256Of))
    return contents.filter((content) => found.has(sha256Of(content)))
  }
  const everything = { beforeMs: 1e15, crowdedBeforeMs: 1e15, crowdedExtents: 1, limit: 100 }
  const account = async () => (await opened().accounts.find(ann.id))!

  it('takes over what the file holds, at the price of what is added', async () => {
    await commit('one')
    const { file } = await append(['one'], 'two', { nowMs: 3000 })
    expect(file).toMatchObject({ sizeBytes: 6, sha256: null, version: 2 })
    expect(file.extents).toEqual([extentOf('one'), extentOf('two')])
    expect(await account()).toMatchObject({ usedBytes: 6, versionBytes: 0 })
    expect(await referenced('one', 'two')).toEqual(['one', 'two'])
    await commit('three')
    expect(await referenced('one', 'two', 'three')).toEqual(['three'])
  })

  it('lets go of what an amendment left out', async () => {
    await commit('one')
    await append(['one'], 'two')
    await append(['two'], 'four')
    expect(await referenced('one', 'two', 'four')).toEqual(['two', 'four'])
  })

  it('counts a blob that a content names twice as often', async () => {
    await commit('one')
    await append(['one', 'one'], 'one')
    await append(['one'], 'two')
    expect(await referenced('one', 'two')).toEqual(['one', 'two'])
    await append(['two'], 'two')
    expect(await referenced('one', 'two')).toEqual(['two'])
  })

  it('keeps what an amendment replaced as an earlier version where it is told to', async () => {
    await commit('one')
    const amendment = { retained: [sha256Of('one')], keepsReplaced: true }
    await append(['one'], 'two', { versionsKept: 5, amendment })
    expect(await account()).toMatchObject({ usedBytes: 6, versionBytes: 3 })
    await append(['two'], 'two', { versionsKept: 5 })
    expect(await referenced('one', 'two')).toEqual(['one', 'two'])
  })

  it('refuses to take over what the file does not hold', async () => {
    const refused = { code: 'unavailable', field: 'extents' }
    await expect(append(['one'], 'two')).rejects.toMatchObject(refused)
    await commit('one')
    await commit('other')
    await expect(append(['one'], 'two')).rejects.toMatchObject(refused)
    expect(await opened().files.find(viewerOf(ann), key)).toMatchObject({ sizeBytes: 5 })
    expect(await referenced('one', 'two')).toEqual([])
  })

  it('tells the contents in several extents that are old, or old enough and many', async () => {
    await commit('one')
    await append(['one'], 'two', { nowMs: 1000 })
    const { scattered } = opened().contents
    const found = async (rest: object) =>
      (await scattered({ ...everything, ...rest })).map(({ version, sizeBytes }) => [
        version,
        sizeBytes,
      ])
    expect(await found({})).toEqual([[2, 6]])
    expect(await found({ beforeMs: 1000, crowdedExtents: 3 })).toEqual([])
    expect(await found({ beforeMs: 1001, crowdedExtents: 3 })).toEqual([[2, 6]])
    expect(await found({ beforeMs: 0, crowdedExtents: 2 })).toEqual([[2, 6]])
    expect(await found({ beforeMs: 0, crowdedBeforeMs: 1000 })).toEqual([])
    expect(await found({ limit: 0 })).toEqual([])
    const keeping = { versionsKept: 5, nowMs: 2000 }
    await append(['one', 'two'], 'three', {
      ...keeping,
      amendment: { retained: [sha256Of('two')], keepsReplaced: true },
    })
    await commit('whole', { ...keeping, nowMs: 3000 })
    expect(await found({})).toEqual([
      [2, 6],
      [3, 11],
    ])
    expect(await found({ limit: 1 })).toEqual([[2, 6]])
  })

  it('makes one blob of a content without changing its tag', async () => {
    await commit('one')
    const { file } = await append(['one'], 'two')
    const { id: fileId, version, etag } = file
    const compaction = { fileId, version, etag, sha256: sha256Of('onetwo'), nowMs: 5000 }
    const compact = (rest = {}) =>
      opened().contents.compact({ ...compaction, linked: [sha256Of('onetwo')], ...rest })
    expect(await compact({ etag: '"another"' })).toBe(false)
    expect(await compact({ version: 1 })).toBe(false)
    expect(await referenced('one', 'two', 'onetwo')).toEqual(['one', 'two'])
    expect(await compact()).toBe(true)
    expect(await opened().files.find(viewerOf(ann), key)).toEqual({
      ...file,
      sha256: sha256Of('onetwo'),
      extents: null,
    })
    expect(await referenced('one', 'two', 'onetwo')).toEqual(['onetwo'])
    expect(await compact()).toBe(false)
    expect(await opened().contents.scattered(everything)).toEqual([])
    expect(await account()).toMatchObject({ usedBytes: 6 })
  })

  it.each(['an earlier version', 'the trash'])(
    'makes one blob of a content in %s',
    async (place) => {
      await commit('one')
      const { file } = await append(['one'], 'two')
      if (place === 'the trash')
        await opened().files.delete(viewerOf(ann), { key, condition: {}, nowMs: 0, toTrash: true })
      else await commit('three', { versionsKept: 5 })
      const { id: fileId, version, etag } = file
      const args = { fileId, version, etag, sha256: sha256Of('onetwo'), nowMs: 5000 }
      const linked = [sha256Of('onetwo')]
      expect(await opened().contents.compact({ ...args, linked })).toBe(true)
      expect(await referenced('one', 'two', 'onetwo')).toEqual(['onetwo'])
      expect(await opened().contents.compact({ ...args, linked })).toBe(false)
    },
  )

  it('makes no use of a blob that is being swept', async () => {
    await commit('one')
    const { file } = await append(['one'], 'two')
    const sha256 = sha256Of('onetwo')
    const { blobs, contents } = opened()
    await blobs.recordOrphan({ sha256, nowMs: 0 })
    await blobs.condemn({ beforeMs: 1e15, nowMs: 0, limit: 100_000 })
    const { id: fileId, version, etag } = file
    const args = { fileId, version, etag, sha256, nowMs: 5000 }
    const refused = { code: 'unavailable', field: 'sha256' }
    await expect(contents.compact({ ...args, linked: [] })).rejects.toMatchObject(refused)
    expect(await contents.compact({ ...args, linked: [sha256] })).toBe(true)
  })

  it('lets one of two that build on the same content commit', async () => {
    const first = await commit('one')
    const condition = { ifMatch: [first.file.etag] }
    const answers = await Promise.allSettled(
      ['two', 'three', 'four'].map((piece) => append(['one'], piece, { condition })),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const held = await referenced('one', 'two', 'three', 'four')
    expect(held).toHaveLength(2)
  })
}
