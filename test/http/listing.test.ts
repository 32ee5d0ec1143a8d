import { TestService, type TestAccount } from '../support/http/test-service'

interface Page {
  files: { path: string; updatedAt: string }[]
  folders: { owner: string; folder: string }[]
  cursor: string | null
}

describe.each(['sqlite', 'debug'] as const)('a listing, with the %s database', (kind) => {
  let service: TestService
  let carol: TestAccount
  let bob: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind, settings: { files: { examinedMax: 100 } } })
    const admin = await service.makeAdmin()
    carol = await service.makeMember(admin, 'carol')
    bob = await service.makeMember(admin, 'bob')
    const contents = { 'a/1.txt': 'xxx', 'a/b/2.png': 'x', 'c.txt': 'xx', 'd/e/f': '' }
    for (const [path, content] of Object.entries(contents)) {
      service.nowMs += 1000
      const put = service.call('PUT', `/v1/files/carol/${path}`, carol.token)
      await put.set('Content-Type', 'text/plain').send(content).expect(201)
    }
  })
  afterAll(() => service.stop())

  const list = (query: string, token = carol.token) =>
    service.call('GET', `/v1/files?${query}`, token)
  const pageOf = async (query: string) => (await list(query).expect(200)).body as Page
  const pathsOf = async (query: string) => (await pageOf(query)).files.map(({ path }) => path)

  test('shows folders beside files', async () => {
    const { files, folders, cursor } = await pageOf('delimiter=/')
    expect(files.map(({ path }) => path)).toEqual(['c.txt'])
    expect(folders).toEqual([
      { owner: 'carol', folder: 'a/' },
      { owner: 'carol', folder: 'd/' },
    ])
    expect(cursor).toBeNull()
    expect(await pathsOf('delimiter=/&prefix=a/&owner=carol')).toEqual(['a/1.txt'])
  })

  test('is sorted', async () => {
    const bySize = ['d/e/f', 'a/b/2.png', 'c.txt', 'a/1.txt']
    expect(await pathsOf('sort=size')).toEqual(bySize)
    expect(await pathsOf('sort=size&order=desc&owner=carol')).toEqual(bySize.reverse())
    expect(await pathsOf('sort=updated&order=desc&limit=1')).toEqual(['d/e/f'])
    expect(await pathsOf('sort=created')).toEqual(['a/1.txt', 'a/b/2.png', 'c.txt', 'd/e/f'])
    expect(await pathsOf('sort=name')).toEqual(['a/1.txt', 'a/b/2.png', 'c.txt', 'd/e/f'])
  })

  test('is filtered', async () => {
    expect(await pathsOf('type=text/*')).toHaveLength(4)
    expect(await pathsOf('type=image/png')).toEqual([])
    expect(await pathsOf('q=TXT')).toEqual(['a/1.txt', 'c.txt'])
    expect(await pathsOf('sizeMin=2&sizeMax=2')).toEqual(['c.txt'])
    const [{ updatedAt }] = (await pageOf('q=c.txt')).files as [Page['files'][number]]
    expect(await pathsOf(`modifiedAfter=${updatedAt}`)).toEqual(['d/e/f'])
    expect(await pathsOf(`modifiedBefore=${updatedAt}`)).toEqual(['a/1.txt', 'a/b/2.png'])
  })

  test('goes on where its cursor says, and no other listing does', async () => {
    const { cursor } = await pageOf('sort=size&limit=2')
    expect(await pathsOf(`sort=size&limit=5&cursor=${cursor}`)).toEqual(['c.txt', 'a/1.txt'])
    for (const other of [
      'sort=updated',
      'sort=size&order=desc',
      'sort=size&q=c',
      'sort=size&prefix=a',
    ])
      await list(`${other}&limit=2&cursor=${cursor}`).expect(400)
  })

  test.each([
    'delimiter=-',
    'sort=owner',
    'order=up',
    'type=image',
    'type=*/*',
    'sizeMin=-1',
    'sizeMax=x',
    'q=',
    'modifiedAfter=yesterday',
    'sort=size&sort=path',
  ])('is refused with %s', async (query) => {
    await list(query).expect(400)
  })

  test('is not another’s to see', async () => {
    for (const query of ['', '&delimiter=/', '&sort=size'])
      await list(`owner=carol${query}`, bob.token).expect(404)
    expect((await list('delimiter=/', bob.token)).body).toEqual({
      files: [],
      folders: [],
      cursor: null,
    })
  })
})
