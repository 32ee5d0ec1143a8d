import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { etagOf } from '../../webserver/domain/content'
import { addAccount, admin, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'

export function filesContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
    bob = await addAccount(opened(), 'bob')
  })
  const usedBytes = async () => (await opened().accounts.find(ann.id))!.usedBytes
  const put = (path: string, content: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', path, content, rest))
  const remove = (path: string, rest = {}) =>
    opened().files.delete(viewerOf(ann), {
      key: { owner: 'ann', path },
      condition: {},
      nowMs: 3000,
      toTrash: false,
      ...rest,
    })

  it('creates a file and counts its bytes', async () => {
    const args = commitOf('ann', 'notes/a.txt', 'hello', { contentType: 'text/x', nowMs: 77 })
    const { file, created } = await opened().files.commit(viewerOf(ann), args)

    expect(created).toBe(true)
    expect(file).toEqual({
      id: args.id,
      owner: 'ann',
      path: 'notes/a.txt',
      sizeBytes: 5,
      etag: etagOf(sha256Of('hello')),
      sha256: sha256Of('hello'),
      extents: null,
      contentType: 'text/x',
      metadata: {},
      metaVersion: 1,
      version: 1,
      createdAtMs: 77,
      updatedAtMs: 77,
    })
    expect(await opened().files.find(viewerOf(ann), args.key)).toEqual(file)
    expect(await usedBytes()).toBe(5)
  })

  it('replaces a file: same id, later version, other bytes counted', async () => {
    const first = await put('a', 'hello', { nowMs: 10 })
    const second = await put('a', 'hi', { nowMs: 20, contentType: 'text/x' })

    expect(second.created).toBe(false)
    expect(second.file).toMatchObject({
      id: first.file.id,
      version: 2,
      createdAtMs: 10,
      updatedAtMs: 20,
      sha256: sha256Of('hi'),
      contentType: 'text/x',
    })
    expect(await opened().files.find(viewerOf(ann), second.file)).toEqual(second.file)
    expect(await usedBytes()).toBe(2)
  })

  it('deletes a file, answers what it was, and starts anew at version 1', async () => {
    const { file } = await put('a', 'hello')
    expect(await remove('a')).toEqual(file)
    expect(await usedBytes()).toBe(0)
    expect(await opened().files.find(viewerOf(ann), file)).toBeNull()
    await expect(remove('a')).rejects.toMatchObject({ code: 'not_found' })
    expect((await put('a', 'hello')).file.version).toBe(1)
  })

  it('shows files to their owner and to who sees all, and to nobody else', async () => {
    const { files } = opened()
    const { file } = await put('a', 'hello')

    expect(await files.find(viewerOf(ann), file)).toEqual(file)
    expect(await files.find(admin, file)).toEqual(file)
    expect(await files.find(viewerOf(bob), file)).toBeNull()
  })

  it('answers not_found to writes of who may not know the owner, and touches nothing', async () => {
    const { files } = opened()
    const { file } = await put('a', 'hello')
    const args = { key: file, condition: {}, nowMs: 3000, toTrash: false }
    const attempts = [
      files.commit(viewerOf(bob), commitOf('ann', 'a', 'mine')),
      files.commit(viewerOf(bob), commitOf('ann', 'new', 'mine')),
      files.delete(viewerOf(bob), args),
      files.commit(admin, commitOf('nobody', 'a', 'x')),
      files.delete(admin, { ...args, key: { owner: 'nobody', path: 'a' } }),
    ]
    for (const attempt of attempts)
      await expect(attempt).rejects.toMatchObject({ code: 'not_found' })
    expect(await files.list(admin, { owner: null, prefix: '', after: null, limit: 9 })).toEqual([
      file,
    ])
  })

  it('lets who sees all write in the name of the owner, on the quota of the owner', async () => {
    const { files } = opened()
    const { file } = await files.commit(admin, commitOf('ann', 'a', 'hello'))
    expect(await files.find(viewerOf(ann), file)).toEqual(file)
    expect(await usedBytes()).toBe(5)
    await files.delete(admin, { key: file, condition: {}, nowMs: 3000, toTrash: false })
    expect(await usedBytes()).toBe(0)
  })

  it('keeps the conditions of a commit', async () => {
    const failed = { code: 'precondition_failed' }
    const tag = etagOf(sha256Of('one'))
    await expect(put('a', 'one', { condition: { ifMatch: '*' } })).rejects.toMatchObject(failed)
    await put('a', 'one', { condition: { ifNoneMatch: '*' } })
    await expect(put('a', 'two', { condition: { ifNoneMatch: '*' } })).rejects.toMatchObject(failed)
    await expect(put('a', 'two', { condition: { ifNoneMatch: [tag] } })).rejects.toMatchObject(
      failed,
    )
    await put('a', 'two', { condition: { ifMatch: ['"other"', tag] } })
    await expect(put('a', 'tri', { condition: { ifMatch: [tag] } })).rejects.toMatchObject(failed)
    expect(await opened().files.find(viewerOf(ann), { owner: 'ann', path: 'a' })).toMatchObject({
      version: 2,
      sha256: sha256Of('two'),
    })
  })

  it('keeps the conditions of a deletion', async () => {
    await put('a', 'one')
    const stale = remove('a', { condition: { ifMatch: ['"other"'] } })
    await expect(stale).rejects.toMatchObject({ code: 'precondition_failed' })
    const absent = remove('b', { condition: { ifMatch: '*' } })
    await expect(absent).rejects.toMatchObject({ code: 'not_found' })
    await remove('a', { condition: { ifMatch: [etagOf(sha256Of('one'))] } })
    expect(await usedBytes()).toBe(0)
  })

  it('lets one of many change the version they all read', async () => {
    await put('a', 'one')
    const condition = { ifMatch: [etagOf(sha256Of('one'))] }
    const asked = ['x', 'y', 'z'].map((content) => put('a', content, { condition }))
    const ends = await Promise.allSettled(asked)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(ends[2]).toMatchObject({ reason: { code: 'precondition_failed' } })
  })

  it('fills the quota to the last byte and not beyond', async () => {
    await put('a', 'x'.repeat(60))
    await put('b', 'y'.repeat(40))
    const exceeded = { code: 'quota_exceeded' }
    await expect(put('c', 'z')).rejects.toMatchObject(exceeded)
    await expect(put('b', 'y'.repeat(41))).rejects.toMatchObject(exceeded)
    await put('c', '')
    await put('a', 'x'.repeat(50))
    await put('d', 'w'.repeat(10))
    await expect(put('e', 'z')).rejects.toMatchObject(exceeded)
    expect(await usedBytes()).toBe(100)
  })

  it('undoes an operation that fails without touching those committed with it', async () => {
    const asked = ['x'.repeat(90), 'y'.repeat(90), 'z'.repeat(10)].map((content, index) =>
      put(`f${index}`, content),
    )
    const ends = await Promise.allSettled(asked)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await usedBytes()).toBe(100)
    expect(await opened().blobs.referenced([sha256Of('y'.repeat(90))])).toEqual(new Set())
  })

  it('shows every change to the next read', async () => {
    for (let version = 1; version <= 50; version++) {
      const { file } = await put('a', `v${version}`)
      expect(await opened().files.find(viewerOf(ann), file)).toMatchObject({ version })
      expect(await usedBytes()).toBe(file.sizeBytes)
    }
  })

  it('keeps odd names apart', async () => {
    const { files } = opened()
    const odd = [
      '%',
      '_',
      "it's",
      '"',
      'é',
      '日本',
      '👩‍👩‍👧',
      '__proto__',
      'f'.repeat(255),
      ' ',
      '-',
      '1',
    ]
    await put('other/x', '')
    for (const name of odd) {
      const { file } = await put(`${name}/x`, name.slice(0, 5))
      expect(file.path).toBe(`${name}/x`)
      const args = { owner: null, prefix: `${name}/`, after: null, limit: 9 }
      expect(await files.list(viewerOf(ann), args)).toEqual([file])
    }
    for (const name of odd) await remove(`${name}/x`)
    expect(await usedBytes()).toBe(0)
  })

  it('takes two spellings of a name as two names', async () => {
    await put('e\u0301', 'decomposed')
    const composed = { owner: 'ann', path: '\u00e9' }
    expect(await opened().files.find(viewerOf(ann), composed)).toBeNull()
  })
}
