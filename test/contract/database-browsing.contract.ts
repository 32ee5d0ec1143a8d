import type { Account, Viewer } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { sortKeys, type Browse, type FileFilter } from '../../webserver/domain/listing'
import { addAccount, admin, commitOf, viewerOf } from '../support/database/fixtures'

/** By path: [size, updated, content type]. U+FF21 comes before U+1F33E by code point, and after it by UTF-16 code unit. */
const anns: Record<string, [number, number, string]> = {
  a: [5, 60, 'text/plain'],
  'a!': [1, 50, 'Text/HTML; charset=utf-8'],
  'a/1': [9, 40, 'image/png'],
  'a/b/2': [2, 30, 'image/png'],
  'a/b/x/3': [2, 20, 'image/jpeg'],
  'a/c': [0, 10, 'text/plain'],
  a0: [7, 70, 'text/plain'],
  'b/Report.TXT': [3, 5, 'text/plain'],
  '\uff21/z': [4, 80, 'text/plain'],
  '\u{1f33e}': [4, 90, 'text/plain'],
}
const none: FileFilter = {
  contentType: null,
  updatedFromMs: null,
  updatedToMs: null,
  sizeMinBytes: null,
  sizeMaxBytes: null,
  nameContains: null,
}

export function browsingContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann')
    bob = await addAccount(opened(), 'bob')
    await Promise.all(
      Object.entries(anns).map(([path, [size, nowMs, contentType]]) =>
        put(ann, path, 'x'.repeat(size), { nowMs, contentType }),
      ),
    )
    await put(bob, 'a/1', 'x')
  })
  const put = (owner: Account, path: string, content: string, rest = {}) =>
    opened().files.commit(viewerOf(owner), commitOf(owner.name, path, content, rest))
  const whole: Browse = {
    owner: 'ann',
    prefix: '',
    byFolder: false,
    sort: 'path',
    descending: false,
    filter: none,
    after: null,
    limit: 100,
    examinedMax: 1000,
  }

  /** Page by page. Folders and files of a page in the order of the one sequence, where it is one. */
  async function shown(args: Partial<Browse>, viewer: Viewer = viewerOf(ann)): Promise<string[]> {
    const all: string[] = []
    for (let after: Browse['after'] = null; ;) {
      const page = await opened().files.browse(viewer, { ...whole, ...args, after })
      expect(page.files.length + page.folders.length).toBeLessThanOrEqual(args.limit ?? 100)
      all.push(...page.folders.map(({ path }) => path), ...page.files.map(({ path }) => path))
      if (page.next === null) return all
      after = page.next
    }
  }

  it('shows what lies below as folders', async () => {
    const top = ['a/', 'b/', '\uff21/', 'a', 'a!', 'a0', '\u{1f33e}']
    expect(await shown({ byFolder: true })).toEqual(top)
    expect(await shown({ byFolder: true, prefix: 'a/' })).toEqual(['a/b/', 'a/1', 'a/c'])
    expect(await shown({ byFolder: true, prefix: 'a/b' })).toEqual(['a/b/'])
    expect(await shown({ byFolder: true, prefix: 'a/b/' })).toEqual(['a/b/x/', 'a/b/2'])
    expect(await shown({ byFolder: true, prefix: 'nothing/' })).toEqual([])
  })

  it('merges folders and files in one order, from page to page and backwards', async () => {
    const merged = ['a', 'a!', 'a/', 'a0', 'b/', '\uff21/', '\u{1f33e}']
    expect(await shown({ byFolder: true, limit: 1 })).toEqual(merged)
    expect(await shown({ byFolder: true, limit: 1, descending: true })).toEqual(merged.reverse())
  })

  it.each([
    [
      'size',
      ['a/c', 'a!', 'a/b/2', 'a/b/x/3', 'b/Report.TXT', '\uff21/z', '\u{1f33e}', 'a', 'a0', 'a/1'],
    ],
    [
      'updated',
      ['b/Report.TXT', 'a/c', 'a/b/x/3', 'a/b/2', 'a/1', 'a!', 'a', 'a0', '\uff21/z', '\u{1f33e}'],
    ],
    [
      'name',
      ['a/1', 'a/b/2', 'a/b/x/3', 'b/Report.TXT', 'a', 'a!', 'a0', 'a/c', '\uff21/z', '\u{1f33e}'],
    ],
  ] as const)('sorts by %s, and backwards', async (sort, paths) => {
    expect(await shown({ sort })).toEqual(paths)
    expect(await shown({ sort, descending: true })).toEqual([...paths].reverse())
    const below = paths.filter((path) => path.startsWith('a/'))
    expect(await shown({ sort, prefix: 'a/', limit: 1 })).toEqual(below)
  })

  it('sorts a folder with its folders first', async () => {
    const bySize = ['a/', 'b/', '\uff21/', 'a!', '\u{1f33e}', 'a', 'a0']
    expect(await shown({ sort: 'size', byFolder: true })).toEqual(bySize)
    for (const limit of [1, 2, 3, 4])
      expect(await shown({ sort: 'size', byFolder: true, limit })).toEqual(bySize)
    expect(await shown({ sort: 'updated', byFolder: true, descending: true })).toEqual([
      'a/',
      'b/',
      '\uff21/',
      '\u{1f33e}',
      'a0',
      'a',
      'a!',
    ])
  })

  it.each<[Partial<FileFilter>, string[]]>([
    [{ contentType: 'text/plain' }, ['a', 'a/c', 'a0', 'b/Report.TXT', '\uff21/z', '\u{1f33e}']],
    [{ contentType: 'text/html' }, ['a!']],
    [{ contentType: 'image/' }, ['a/1', 'a/b/2', 'a/b/x/3']],
    [{ updatedFromMs: 40, updatedToMs: 60 }, ['a', 'a!', 'a/1']],
    [{ sizeMinBytes: 4, sizeMaxBytes: 5 }, ['a', '\uff21/z', '\u{1f33e}']],
    [{ nameContains: 'rEPORT' }, ['b/Report.TXT']],
    [{ nameContains: 'b' }, []],
    [{ nameContains: '%' }, []],
  ])('filters by %j', async (only, paths) => {
    const filter = { ...none, ...only }
    expect(await shown({ filter })).toEqual(paths)
    expect(await shown({ filter, limit: 1, examinedMax: 2 })).toEqual(paths)
    expect((await shown({ filter, sort: 'size', limit: 2 })).sort()).toEqual([...paths].sort())
  })

  it('holds folders against a name, and nothing else', async () => {
    const filter = { ...none, nameContains: 'A' }
    expect(await shown({ byFolder: true, filter })).toEqual(['a/', 'a', 'a!', 'a0'])
    const large = { ...none, sizeMinBytes: 6 }
    expect(await shown({ byFolder: true, filter: large })).toEqual(['a/', 'b/', '\uff21/', 'a0'])
  })

  it('shows the same whatever the size of a page and of what may be looked at', async () => {
    for (const sort of sortKeys)
      for (const descending of [false, true])
        for (const byFolder of [false, true]) {
          const args = { sort, descending, byFolder }
          const once = await shown(args)
          expect([...(await shown({ ...args, limit: 1 }))].sort()).toEqual([...once].sort())
          expect([...(await shown({ ...args, limit: 3 }))].sort()).toEqual([...once].sort())
        }
    for (const sort of ['path', 'size', 'updated'] as const)
      expect(await shown({ sort, examinedMax: 3, limit: 2 })).toEqual(await shown({ sort }))
  })

  it('refuses to sort more than may be looked at, where no index helps', async () => {
    const refused = { code: 'invalid', field: 'sort' }
    for (const args of [
      { sort: 'created' },
      { sort: 'name' },
      { sort: 'size', byFolder: true },
    ] as const)
      await expect(shown({ ...args, examinedMax: 5 })).rejects.toMatchObject(refused)
    await expect(shown({ sort: 'size', owner: null }, admin)).rejects.toMatchObject(refused)
    expect(await shown({ sort: 'size', byFolder: true, prefix: 'a/', examinedMax: 5 })).toEqual([
      'a/b/',
      'a/c',
      'a/1',
    ])
  })

  it('shows all owners to who sees all, and to nobody else what is not theirs', async () => {
    const all = await opened().files.browse(admin, { ...whole, owner: null, byFolder: true })
    expect(all.folders.map(({ owner, path }) => `${owner}:${path}`)).toEqual([
      'ann:a/',
      'ann:b/',
      'ann:\uff21/',
      'bob:a/',
    ])
    for (const args of [{}, { byFolder: true }, { sort: 'size' }] as const) {
      expect(await shown({ ...args, owner: null }, viewerOf(bob))).toHaveLength(1)
      expect(await shown(args, viewerOf(bob))).toEqual([])
      expect(await shown({ ...args, owner: 'nobody' }, admin)).toEqual([])
    }
    const everything = await shown({ owner: null, limit: 2 }, admin)
    expect(everything).toEqual([...Object.keys(anns), 'a/1'])
    const backwards = await shown({ owner: null, limit: 2, descending: true }, admin)
    expect(backwards).toEqual(everything.reverse())
    const some = { owner: null, filter: { ...none, sizeMaxBytes: 1 }, examinedMax: 4 }
    expect(await shown(some, admin)).toEqual(['a!', 'a/c', 'a/1'])
  })
}
