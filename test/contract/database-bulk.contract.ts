import * as fc from 'fast-check'
import type { Account, Viewer } from '../../webserver/domain/account'
import type { BulkOperation, BulkRequest } from '../../webserver/domain/bulk'
import type { Database } from '../../webserver/domain/database'
import { bulkOf, keyAt, operation } from '../support/database/bulk-requests'
import {
  addAccount,
  admin,
  commitOf,
  linkOf,
  sha256Of,
  viewerOf,
} from '../support/database/fixtures'

export function bulkContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
    bob = await addAccount(opened(), 'bob', { quotaBytes: 100 })
  })
  const put = (path: string, content: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', path, content, rest))
  const bulk = (
    operations: BulkOperation[],
    rest: Partial<BulkRequest> = {},
    who: Viewer = admin,
  ) => opened().files.bulk(who, bulkOf(operations, rest))
  const find = (place: string) => opened().files.find(admin, keyAt(place))
  const paths = async (owner: string) => {
    const args = { owner, prefix: '', after: null, limit: 100 }
    return (await opened().files.list(admin, args)).map(({ path }) => path)
  }
  const bytesOf = async ({ id }: Account) => {
    const account = (await opened().accounts.find(id))!
    return [account.usedBytes, account.versionBytes, account.trashBytes]
  }

  it('copies a file: another id, the same content and metadata, its bytes counted', async () => {
    const metadata = { label: 'one' }
    const { file } = await put('a', 'hello', { metadata, contentType: 'text/x' })
    const [[copy]] = (await bulk([operation('copy', 'ann:a', 'ann:b/c')])) as [[typeof file]]
    expect(copy).toEqual({
      ...file,
      ...{ id: copy.id, path: 'b/c', createdAtMs: 5000, updatedAtMs: 5000 },
    })
    expect(copy.id).not.toBe(file.id)
    expect(await find('ann:b/c')).toEqual(copy)
    expect(await bytesOf(ann)).toEqual([10, 0, 0])
    await bulk([operation('delete', 'ann:a')], { toTrash: false })
    expect(await opened().blobs.referenced([sha256Of('hello')])).toEqual(
      new Set([sha256Of('hello')]),
    )
  })

  it('copies onto a file what becomes its next version', async () => {
    const { file } = await put('b', 'old')
    await put('a', 'new!')
    await bulk([operation('copy', 'ann:a', 'ann:b', { overwrite: true })])
    expect(await find('ann:b')).toMatchObject({ id: file.id, version: 2, sizeBytes: 4 })
    expect(await bytesOf(ann)).toEqual([8, 3, 0])
  })

  it('moves a file with its id, versions, metadata and shares', async () => {
    const { file } = await put('a', 'one', { metadata: { x: 'y' } })
    await put('a', 'three', { versionsKept: 1 })
    const link = await opened().links.create(viewerOf(ann), linkOf(file, { mode: 'view' }))
    await bulk([operation('move', 'ann:a', 'ann:b/c')])
    expect(await find('ann:a')).toBeNull()
    expect(await find('ann:b/c')).toMatchObject({ id: file.id, version: 2, metadata: { x: 'y' } })
    const versions = { key: keyAt('ann:b/c'), before: null, limit: 9 }
    expect(await opened().versions.list(viewerOf(ann), versions)).toMatchObject([
      { version: 2 },
      { version: 1 },
    ])
    expect(await opened().links.find(link.id)).toMatchObject({ fileId: file.id, path: 'b/c' })
    expect(await bytesOf(ann)).toEqual([5, 3, 0])
  })

  it('puts what a move replaces into the trash', async () => {
    const old = await put('b', 'old')
    const { file } = await put('a', 'new!')
    await bulk([operation('move', 'ann:a', 'ann:b', { overwrite: true })])
    expect(await find('ann:b')).toMatchObject({ id: file.id, version: 1 })
    const trash = await opened().trash.list(admin, { owner: 'ann', after: null, limit: 9 })
    expect(trash.map(({ id }) => id)).toEqual([old.file.id])
    expect(await bytesOf(ann)).toEqual([4, 0, 3])
  })

  it('moves and copies folders, all at once, whatever the names', async () => {
    for (const path of ['a/a/x', 'a/x', 'a/\u{1f33e}', 'ab', 'z']) await put(path, path)
    await bulk([operation('copy', 'ann:a/', 'ann:copy/a/')])
    expect(await paths('ann')).toEqual([
      'a/a/x',
      'a/x',
      'a/\u{1f33e}',
      'ab',
      'copy/a/a/x',
      'copy/a/x',
      'copy/a/\u{1f33e}',
      'z',
    ])
    await bulk([operation('delete', 'ann:copy/')])
    await bulk([operation('move', 'ann:a/', 'ann:')])
    expect(await paths('ann')).toEqual(['a/x', 'ab', 'x', 'z', '\u{1f33e}'])
    expect((await find('ann:a/x'))!.sizeBytes).toBe('a/a/x'.length)
  })

  it('does one operation after another', async () => {
    await put('a', 'one')
    await put('b', 'two')
    await bulk([
      operation('move', 'ann:a', 'ann:c'),
      operation('move', 'ann:b', 'ann:a'),
      operation('move', 'ann:c', 'ann:b'),
      operation('copy', 'ann:b', 'ann:c'),
      operation('delete', 'ann:a'),
    ])
    expect(await paths('ann')).toEqual(['b', 'c'])
    expect((await find('ann:c'))!.sha256).toBe(sha256Of('one'))
  })

  it('moves to another owner with versions and bytes, and ends the shares', async () => {
    const { file } = await put('f/a', 'x'.repeat(30))
    await put('f/a', 'y'.repeat(20), { versionsKept: 1 })
    const link = await opened().links.create(viewerOf(ann), linkOf(file, { mode: 'view' }))
    await bulk([operation('move', 'ann:f/', 'bob:g/')])
    expect(await bytesOf(ann)).toEqual([0, 0, 0])
    expect(await bytesOf(bob)).toEqual([20, 30, 0])
    expect(await find('bob:g/a')).toMatchObject({ id: file.id, owner: 'bob', version: 2 })
    expect(await opened().links.find(link.id)).toBeNull()
    const versions = { key: keyAt('bob:g/a'), before: null, limit: 9 }
    expect(await opened().versions.list(viewerOf(bob), versions)).toHaveLength(2)
  })

  it('takes the shares of a folder along, but not among other files', async () => {
    for (const path of ['a/b/1', 'a/2', 'other/3']) await put(path, 'x')
    const share = async (folder: string) =>
      (await opened().links.create(viewerOf(ann), linkOf({ owner: 'ann', folder }, {}))).id
    const [outer, inner, all] = [await share('a'), await share('a/b'), await share('')]
    const folders = async () =>
      Promise.all(
        [outer, inner, all].map(async (id) => (await opened().links.find(id))?.folder ?? null),
      )
    await bulk([operation('move', 'ann:a/', 'ann:x/y/')])
    expect(await folders()).toEqual(['x/y', 'x/y/b', ''])
    await bulk([operation('move', 'ann:x/y/', 'ann:other/')])
    expect(await folders()).toEqual([null, 'other/b', ''])
    await bulk([operation('move', 'ann:other/b/', 'ann:')])
    expect(await folders()).toEqual([null, null, ''])
  })

  it.each<[string, BulkOperation, string, string]>([
    ['what is not there', operation('copy', 'ann:no', 'ann:x'), 'not_found', 'from'],
    ['an empty folder', operation('move', 'ann:no/', 'ann:x/'), 'not_found', 'from'],
    ['an unknown owner', operation('delete', 'nobody:a'), 'not_found', 'from'],
    ['to an unknown owner', operation('copy', 'ann:a', 'nobody:a'), 'not_found', 'to'],
    ['a taken path', operation('move', 'ann:a', 'ann:f/b'), 'conflict', 'to'],
    ['into itself', operation('move', 'ann:f/', 'ann:f/g/'), 'conflict', 'to'],
    ['onto itself', operation('copy', 'ann:a', 'ann:a', { overwrite: true }), 'conflict', 'to'],
    ['a folder onto itself', operation('move', 'ann:f/', 'ann:f/'), 'conflict', 'to'],
    [
      'another content',
      operation('move', 'ann:a', 'ann:x', { condition: { ifMatch: ['"x"'] } }),
      'precondition_failed',
      'ifMatch',
    ],
    ['beyond the quota', operation('copy', 'ann:a', 'ann:x'), 'quota_exceeded', 'to'],
    ['beyond another’s quota', operation('move', 'ann:f/', 'bob:f/'), 'quota_exceeded', 'to'],
    [
      'too long a name',
      operation('copy', 'ann:f/', `ann:${'x'.repeat(254)}/${'y'.repeat(254)}/${'z/'.repeat(257)}`),
      'invalid',
      'to',
    ],
  ])('refuses %s, and then nothing has happened', async (_name, refused, code, part) => {
    await put('a', 'x'.repeat(41))
    await put('f/b', 'x'.repeat(20))
    await put(`f/${'n'.repeat(10)}`, '')
    await opened().files.commit(admin, commitOf('bob', 'kept', 'x'.repeat(81)))
    const before = [await paths('ann'), await bytesOf(ann), await paths('bob'), await bytesOf(bob)]
    const harmless = operation('delete', 'ann:f/nnnnnnnnnn')
    await expect(bulk([harmless, refused])).rejects.toMatchObject({
      code,
      field: `operations[1].${part}`,
    })
    const after = [await paths('ann'), await bytesOf(ann), await paths('bob'), await bytesOf(bob)]
    expect(after).toEqual(before)
  })

  it('refuses more files than may be reached', async () => {
    for (const path of ['f/1', 'f/2', 'f/3']) await put(path, '')
    const tooMany = { code: 'too_large', field: 'operations[0].from' }
    await expect(
      bulk([operation('copy', 'ann:f/', 'ann:g/')], { filesMax: 2 }),
    ).rejects.toMatchObject(tooMany)
    const both = [operation('copy', 'ann:f/', 'ann:g/'), operation('delete', 'ann:g/1')]
    await expect(bulk(both, { filesMax: 3 })).rejects.toMatchObject({ code: 'too_large' })
    await bulk(both, { filesMax: 4 })
    expect(await paths('ann')).toEqual(['f/1', 'f/2', 'f/3', 'g/2', 'g/3'])
  })

  it('answers not_found to who may not know what is there', async () => {
    await put('a', 'x')
    const mine = (await opened().files.commit(viewerOf(bob), commitOf('bob', 'b', 'x'))).file
    const refused = { code: 'not_found' }
    for (const one of [
      operation('copy', 'ann:a', 'bob:x'),
      operation('copy', 'ann:', 'bob:x/'),
      operation('move', 'bob:b', 'ann:x'),
      operation('copy', 'bob:', 'ann:x/'),
      operation('delete', 'ann:a'),
    ])
      await expect(
        bulk([operation('copy', 'bob:b', 'bob:c'), one], {}, viewerOf(bob)),
      ).rejects.toMatchObject(refused)
    expect(await paths('bob')).toEqual([mine.path])
  })

  it('changes nothing when any of its operations fails', async () => {
    const place = fc.constantFrom('ann:a', 'ann:f/b', 'ann:f/', 'bob:c', 'bob:', 'ann:no', 'bob:f/')
    const step = fc
      .tuple(fc.constantFrom('copy', 'move', 'delete'), place, place, fc.boolean())
      .map(([action, from, to, overwrite]) =>
        operation(action, from, action === 'delete' ? null : to, { overwrite }),
      )
    const look = async () => [
      ...[await paths('ann'), await bytesOf(ann), await paths('bob'), await bytesOf(bob)],
      await opened().trash.list(admin, { owner: 'ann', after: null, limit: 99 }),
    ]
    await put('a', 'a')
    await put('f/b', 'bb')
    await opened().files.commit(admin, commitOf('bob', 'c', 'ccc'))
    const check = fc.asyncProperty(fc.array(step, { maxLength: 4 }), async (steps) => {
      const before = await look()
      await expect(bulk([...steps, operation('delete', 'ann:never')])).rejects.toThrow()
      expect(await look()).toEqual(before)
    })
    await fc.assert(check, { numRuns: 60 })
  })
}
