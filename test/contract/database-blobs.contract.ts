import type { Account } from '../../webserver/domain/account'
import {
  firstContentPosition,
  type ContentPage,
  type ContentPosition,
} from '../../webserver/domain/content-use'
import type { Database } from '../../webserver/domain/database'
import { addAccount, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'

export function blobsContract(opened: () => Database): void {
  let ann: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann')
  })
  const put = (path: string, content: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', path, content, rest))
  const remove = (path: string, nowMs: number) =>
    opened().files.delete(viewerOf(ann), {
      key: { owner: 'ann', path },
      condition: {},
      nowMs,
      toTrash: false,
    })
  const condemn = (beforeMs: number, nowMs = beforeMs, limit = 10) =>
    opened().blobs.condemn({ beforeMs, nowMs, limit })
  const referenced = async (...contents: string[]) => {
    const found = await opened().blobs.referenced(contents.map(sha256Of))
    return contents.filter((content) => found.has(sha256Of(content)))
  }

  it('knows which contents some file refers to', async () => {
    await put('a', 'one')
    await put('b', 'one')
    await put('c', 'two')
    await remove('c', 3000)
    await remove('a', 3000)
    expect(await referenced('one', 'two', 'three')).toEqual(['one'])
    expect(await referenced()).toEqual([])
  })

  it('condemns contents that have had no file for long enough, oldest first', async () => {
    for (const content of ['kept', 'old', 'older', 'young']) await put(content, content)
    await remove('older', 100)
    await remove('old', 200)
    await remove('young', 301)

    expect(await condemn(300, 400, 1)).toEqual([sha256Of('older')])
    expect(await condemn(300, 400)).toEqual([sha256Of('old')])
    expect(await condemn(300, 400)).toEqual([])
  })

  it('counts the age from the loss of the last reference', async () => {
    await put('a', 'one', { nowMs: 10 })
    await put('b', 'one', { nowMs: 20 })
    await remove('a', 100)
    expect(await condemn(1000)).toEqual([])
    await put('b', 'two', { nowMs: 200 })
    expect(await condemn(199)).toEqual([])
    expect(await condemn(200)).toEqual([sha256Of('one')])
  })

  it('keeps a content whose file is written again with the same bytes', async () => {
    await put('a', 'one')
    await put('a', 'one')
    expect(await condemn(9999)).toEqual([])
    await remove('a', 100)
    expect(await condemn(100)).toEqual([sha256Of('one')])
  })

  it('comes to a content that no file took, an age after it was recorded', async () => {
    await opened().blobs.recordOrphan({ sha256: sha256Of('one'), nowMs: 100 })
    expect(await referenced('one')).toEqual([])
    expect(await condemn(99)).toEqual([])
    expect(await condemn(100)).toEqual([sha256Of('one')])
  })

  it('takes a condemned content that was linked anew for live, though no file took it', async () => {
    await opened().blobs.recordOrphan({ sha256: sha256Of('one'), nowMs: 100 })
    await condemn(100, 200)
    await opened().blobs.recordOrphan({ sha256: sha256Of('one'), nowMs: 300 })
    await put('a', 'one', { linked: [] })
    expect(await referenced('one')).toEqual(['one'])
  })

  it('never takes a content from a file by recording it', async () => {
    await put('a', 'one')
    await opened().blobs.recordOrphan({ sha256: sha256Of('one'), nowMs: 100 })
    expect(await referenced('one')).toEqual(['one'])
    expect(await condemn(9999)).toEqual([])
  })

  it('gives a new file to a condemned content only when the upload linked it', async () => {
    await put('a', 'one')
    await remove('a', 100)
    await put('b', 'one', { linked: [] })
    await remove('b', 150)
    await condemn(200)

    const found = put('c', 'one', { linked: [] })
    await expect(found).rejects.toMatchObject({ code: 'unavailable' })
    expect(await opened().files.find(viewerOf(ann), { owner: 'ann', path: 'c' })).toBeNull()
    expect((await opened().accounts.find(ann.id))!.usedBytes).toBe(0)

    await put('c', 'one', { linked: [sha256Of('one')] })
    await put('d', 'one', { linked: [] })
    expect(await referenced('one')).toEqual(['one'])
    expect(await opened().blobs.forget({ beforeMs: 9999, limit: 10 })).toBe(0)
  })

  it('forgets what was condemned long enough ago, so many at a time', async () => {
    for (const content of ['one', 'two', 'three']) {
      await put('a', content)
      await remove('a', 100)
    }
    await condemn(100, 200, 2)
    await condemn(100, 300)
    const forget = (beforeMs: number, limit = 10) => opened().blobs.forget({ beforeMs, limit })

    expect(await forget(200)).toBe(0)
    expect(await forget(201, 1)).toBe(1)
    expect(await forget(300)).toBe(1)
    expect(await forget(301)).toBe(1)
    await put('a', 'one', { linked: [] })
    expect(await referenced('one')).toEqual(['one'])
  })

  it('adopts what no record knows, and nothing that one does', async () => {
    await put('a', 'one')
    await opened().blobs.recordOrphan({ sha256: sha256Of('two'), nowMs: 100 })
    const [one, two, three] = ['one', 'two', 'three'].map(sha256Of) as [string, string, string]
    const sha256s = [one, two, three]
    expect(await opened().blobs.known(sha256s)).toEqual(new Set([one, two]))
    expect(await opened().blobs.adopt({ sha256s, nowMs: 300 })).toBe(1)
    expect(await opened().blobs.known(sha256s)).toEqual(new Set(sha256s))
    expect(await condemn(299)).toEqual([two])
    expect(await condemn(300)).toEqual([three])
  })

  it('walks through all contents that the records promise, page by page', async () => {
    await put('b', 'one', { nowMs: 10 })
    await put('b', 'three', { nowMs: 20, versionsKept: 5 })
    await put('a', 'deleted')
    await opened().files.delete(viewerOf(ann), {
      key: { owner: 'ann', path: 'a' },
      condition: {},
      nowMs: 30,
      toTrash: true,
    })
    await put('a', 'two')
    const seen: unknown[] = []
    for (let from: ContentPosition | null = firstContentPosition; from !== null;) {
      const page: ContentPage = await opened().contentUses.list({ from, limit: 1 })
      expect(page.uses.length).toBeLessThanOrEqual(1)
      for (const { place, path, version, sha256 } of page.uses)
        seen.push([place, path, version, sha256])
      from = page.next
    }
    expect(seen).toEqual([
      ['file', 'a', 1, sha256Of('two')],
      ['file', 'b', 2, sha256Of('three')],
      ['version', 'b', 1, sha256Of('one')],
      ['trash', 'a', 1, sha256Of('deleted')],
    ])
  })
}
