import { readdir } from 'node:fs/promises'
import { TestService, type TestAccount } from '../support/http/test-service'

interface FileView {
  owner: string
  path: string
  etag: string
}

describe.each(['sqlite', 'debug'] as const)('in bulk, with the %s database', (kind) => {
  let service: TestService
  let ann: TestAccount
  let bob: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind, settings: { files: { bulkFilesMax: 4 } } })
    const admin = await service.makeAdmin()
    ann = await service.makeMember(admin, 'ann')
    bob = await service.makeMember(admin, 'bob')
  })
  afterAll(() => service.stop())

  const put = async (path: string, content: string, who = ann) => {
    const url = `/v1/files/${who.name}/${path}`
    const answer = await service
      .call('PUT', url, who.token)
      .set('Content-Type', 'text/plain')
      .send(content)
    expect([200, 201]).toContain(answer.status)
    return answer.body as FileView
  }
  const at = (path: string, owner = 'ann') => ({ owner, path })
  const bulk = (operations: unknown, who = ann) =>
    service.call('POST', '/v1/bulk', who.token).send({ operations })
  const read = (path: string, who = ann) =>
    service.call('GET', `/v1/files/${who.name}/${path}`, who.token)
  const blobs = async () => {
    const directory = service.scratch.paths.blobs
    return (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
      /^[0-9a-f]{64}$/.test(entry.name),
    ).length
  }

  test('files are copied, moved and deleted, and the answer says what became of each', async () => {
    const { etag } = await put('a', 'one')
    await put('f/b', 'two')
    const before = await blobs()
    const answer = await bulk([
      { op: 'copy', from: at('a'), to: at('x/copy'), ifMatch: etag },
      { op: 'move', from: at('f/'), to: at('g/h/') },
      { op: 'delete', from: at('a') },
    ]).expect(200)
    const { operations } = answer.body as { operations: { op: string; files: FileView[] }[] }
    expect(operations.map(({ op, files }) => [op, files.map(({ path }) => path)])).toEqual([
      ['copy', ['x/copy']],
      ['move', ['g/h/b']],
      ['delete', ['a']],
    ])
    expect((await read('x/copy').expect(200)).text).toBe('one')
    await read('f/b').expect(404)
    await read('g/h/b').expect(200)
    await read('a').expect(404)
    expect(await blobs()).toBe(before)
  })

  test('a content is stored once, however many files and accounts hold it', async () => {
    const before = await blobs()
    await put('same', 'the very same bytes')
    await put('same', 'the very same bytes', bob)
    await bulk([{ op: 'copy', from: at('same'), to: at('twin') }]).expect(200)
    expect(await blobs()).toBe(before + 1)
    await bulk([{ op: 'delete', from: at('same') }]).expect(200)
    await read('twin').expect(200)
    await read('same', bob).expect(200)
  })

  test.each([
    ['nothing', [], 'operations'],
    ['another verb', [{ op: 'link', from: at('a') }], 'operations.0.op'],
    ['no target', [{ op: 'copy', from: at('a') }], 'operations[0].to'],
    ['a target too many', [{ op: 'delete', from: at('a'), to: at('b') }], 'operations[0].to'],
    ['a file as a folder', [{ op: 'move', from: at('a'), to: at('b/') }], 'operations[0].to.path'],
    ['a bad path', [{ op: 'move', from: at('a/../b'), to: at('b') }], 'operations[0].from.path'],
    ['a bad folder', [{ op: 'delete', from: at('a//') }], 'operations[0].from.path'],
    [
      'a tag of a folder',
      [{ op: 'delete', from: at('a/'), ifMatch: '"x"' }],
      'operations[0].ifMatch',
    ],
    ['a bad tag', [{ op: 'delete', from: at('a'), ifMatch: 'x' }], 'ifMatch'],
  ])('%s is refused', async (_name, operations, field) => {
    expect((await bulk(operations).expect(400)).body).toMatchObject({ code: 'invalid', field })
  })

  test('what one operation is refused for, none has done', async () => {
    await put('kept', 'x')
    await put('taken', 'y')
    const harmless = { op: 'move', from: at('kept'), to: at('gone') }
    const cases = [
      [404, { op: 'delete', from: at('no such') }],
      [404, { op: 'copy', from: at('secret', 'bob'), to: at('mine') }],
      [409, { op: 'copy', from: at('gone'), to: at('taken') }],
      [412, { op: 'delete', from: at('taken'), ifMatch: '"other"' }],
    ] as const
    for (const [status, operation] of cases) {
      const answer = await bulk([harmless, operation]).expect(status)
      expect((answer.body as { field: string }).field).toMatch(/^operations\[1\]\./)
    }
    await read('kept').expect(200)
  })

  test('more files than are allowed are refused', async () => {
    for (const name of ['1', '2', '3', '4', '5']) await put(`many/${name}`, '')
    await bulk([{ op: 'delete', from: at('many/') }]).expect(413)
    const each = ['1', '2', '3', '4', '5'].map((name) => ({
      op: 'delete',
      from: at(`many/${name}`),
    }))
    await bulk(each).expect(413)
    await bulk(each.slice(1)).expect(200)
  })
})
