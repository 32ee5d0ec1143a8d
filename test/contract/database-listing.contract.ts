import type { Account, Viewer } from '../../webserver/domain/account'
import type { Database, FileListing } from '../../webserver/domain/database'
import type { FileKey } from '../../webserver/domain/file'
import { addAccount, admin, commitOf, viewerOf } from '../support/database/fixtures'

// U+FF21 comes before U+1F33E by code point, and after it by UTF-16 code unit.
const paths = ['B', 'a', 'a!', 'a/1', 'a/1/x', 'a/2', 'a0', 'aa', 'b', 'é', '\uff21', '\u{1f33e}']

export function listingContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    bob = await addAccount(opened(), 'bob')
    ann = await addAccount(opened(), 'ann')
    const shuffled = [...paths].reverse()
    await Promise.all(shuffled.map((path) => put(ann, path)))
    await Promise.all(['a/1', 'z'].map((path) => put(bob, path)))
  })
  const put = (owner: Account, path: string) =>
    opened().files.commit(viewerOf(owner), commitOf(owner.name, path, path))
  const list = async (viewer: Viewer, args: Partial<FileListing>) => {
    const all = { owner: null, prefix: '', after: null, limit: 1000, ...args }
    const files = await opened().files.list(viewer, all)
    return files.map(({ owner, path }) => `${owner}:${path}`)
  }
  const anns = paths.map((path) => `ann:${path}`)
  const bobs = ['bob:a/1', 'bob:z']

  it('lists in order of owner and path by code point', async () => {
    expect(await list(admin, {})).toEqual([...anns, ...bobs])
    expect(await list(admin, { owner: 'ann' })).toEqual(anns)
    expect(await list(admin, { owner: 'nobody' })).toEqual([])
  })

  it('lists to a viewer what is theirs', async () => {
    expect(await list(viewerOf(ann), {})).toEqual(anns)
    expect(await list(viewerOf(bob), {})).toEqual(bobs)
    expect(await list(viewerOf(bob), { owner: 'bob' })).toEqual(bobs)
    expect(await list(viewerOf(bob), { owner: 'ann' })).toEqual([])
    expect(
      await list({ ...admin, accountId: 'nobody', name: 'nobody', seesAll: false }, {}),
    ).toEqual([])
  })

  it('lists what begins with the prefix', async () => {
    expect(await list(admin, { prefix: 'a/1' })).toEqual(['ann:a/1', 'ann:a/1/x', 'bob:a/1'])
    expect(await list(admin, { prefix: 'a/', owner: 'ann' })).toEqual([
      'ann:a/1',
      'ann:a/1/x',
      'ann:a/2',
    ])
    expect(await list(viewerOf(ann), { prefix: '\u{1f33e}' })).toEqual(['ann:\u{1f33e}'])
    expect(await list(viewerOf(ann), { prefix: '\u{10ffff}' })).toEqual([])
    expect(await list(viewerOf(ann), { prefix: '%' })).toEqual([])
  })

  it('starts strictly after a key, whether or not there is such a file', async () => {
    const after = (owner: string, path: string) => ({ after: { owner, path } })
    expect(await list(admin, after('ann', '\uff21'))).toEqual(['ann:\u{1f33e}', ...bobs])
    expect(await list(admin, after('ann', 'zzz'))).toEqual([...anns.slice(9), ...bobs])
    expect(await list(admin, after('anna', 'x'))).toEqual(bobs)
    expect(await list(admin, after('aaa', 'x'))).toEqual([...anns, ...bobs])
    expect(await list(admin, after('bob', 'z'))).toEqual([])
    expect(await list(viewerOf(ann), after('aaa', 'x'))).toEqual(anns)
    expect(await list(viewerOf(ann), after('bob', 'a'))).toEqual([])
    expect(await list(admin, { ...after('ann', 'B'), prefix: 'a/1', owner: 'ann' })).toEqual([
      'ann:a/1',
      'ann:a/1/x',
    ])
    expect(await list(admin, { ...after('ann', 'a/1'), prefix: 'a/1' })).toEqual([
      'ann:a/1/x',
      'bob:a/1',
    ])
  })

  it('pages through everything once, whatever the size of a page', async () => {
    for (const limit of [1, 2, 5, 13, 14, 15])
      expect(await allPages(limit)).toEqual([...anns, ...bobs])
  })

  async function allPages(limit: number): Promise<string[]> {
    const seen: string[] = []
    for (let after: FileKey | null = null; ;) {
      const args: FileListing = { owner: null, prefix: '', after, limit }
      const page = await opened().files.list(admin, args)
      expect(page.length).toBeLessThanOrEqual(limit)
      if (page.length === 0) return seen
      seen.push(...page.map(({ owner, path }) => `${owner}:${path}`))
      after = page.at(-1)!
    }
  }

  it('pages through many files while others come and go', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => `many/${String(i).padStart(5, '0')}`)
    await Promise.all(many.map((path) => put(bob, path)))
    const seen: string[] = []
    let after: FileKey | null = null
    for (;;) {
      const args: FileListing = { owner: 'bob', prefix: 'many/', after, limit: 300 }
      const files = await opened().files.list(viewerOf(bob), args)
      if (files.length === 0) break
      seen.push(...files.map(({ path }) => path))
      after = files.at(-1)!
      await put(bob, `many/00000-${seen.length}`)
      await opened().files.delete(viewerOf(bob), {
        key: after,
        condition: {},
        nowMs: 3000,
        toTrash: false,
      })
    }
    expect(seen).toEqual(many)
  })
}
