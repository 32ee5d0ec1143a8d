import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { isAppError } from '../../webserver/domain/errors'
import { addAccount, admin, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'

export function trashContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
    bob = await addAccount(opened(), 'bob')
  })
  const put = async (path: string, content: string, rest = {}) =>
    (
      await opened().files.commit(
        viewerOf(ann),
        commitOf('ann', path, content, { versionsKept: 10, ...rest }),
      )
    ).file
  const remove = (path: string, nowMs = 3000) =>
    opened().files.delete(viewerOf(ann), {
      key: { owner: 'ann', path },
      condition: {},
      nowMs,
      toTrash: true,
    })
  const list = (viewer = viewerOf(ann), rest = {}) =>
    opened().trash.list(viewer, { owner: 'ann', after: null, limit: 10, ...rest })
  const restore = (id: string, rest = {}) =>
    opened().trash.restore(viewerOf(ann), {
      id,
      path: null,
      overwrite: false,
      toTrash: true,
      nowMs: 5000,
      ...rest,
    })
  const find = (path: string) => opened().files.find(viewerOf(ann), { owner: 'ann', path })
  const bytes = async () => {
    const { usedBytes, versionBytes, trashBytes } = (await opened().accounts.find(ann.id))!
    return { usedBytes, versionBytes, trashBytes }
  }

  it('lists what was deleted, last first, in pages, to the owner and to admins', async () => {
    for (const [path, nowMs] of [
      ['a', 30],
      ['b', 20],
      ['c', 20],
    ] as const) {
      await put(path, path)
      await remove(path, nowMs)
    }
    const all = await list()
    expect(all).toHaveLength(3)
    expect(all[0]).toMatchObject({ path: 'a', sizeBytes: 1, deletedAtMs: 30 })
    expect(await list(admin)).toEqual(all)
    expect(await list(viewerOf(bob))).toEqual([])
    const first = await list(viewerOf(ann), { limit: 2 })
    const rest = await list(viewerOf(ann), { limit: 2, after: first[1] })
    expect([...first, ...rest]).toEqual(all)
    expect(await list(viewerOf(ann), { owner: 'nobody' })).toEqual([])
  })

  it('puts a file back with its id and its versions', async () => {
    await put('a', 'one', { nowMs: 10 })
    const file = await put('a', 'three', { nowMs: 20 })
    await remove('a')
    expect(await bytes()).toEqual({ usedBytes: 0, versionBytes: 3, trashBytes: 5 })
    const back = await restore(file.id)

    expect(back).toEqual({ ...file, updatedAtMs: 5000 })
    expect(await find('a')).toEqual(back)
    expect(await list()).toEqual([])
    expect(await bytes()).toEqual({ usedBytes: 5, versionBytes: 3, trashBytes: 0 })
    const args = { key: back, before: null, limit: 9 }
    expect(await opened().versions.list(viewerOf(ann), args)).toHaveLength(2)
  })

  it('puts it elsewhere, and over another file only when told to', async () => {
    const old = await put('a', 'old')
    await remove('a')
    const taking = await put('a', 'taking')

    await expect(restore(old.id)).rejects.toMatchObject({ code: 'conflict', field: 'path' })
    expect((await restore(old.id, { path: 'b/c' })).path).toBe('b/c')
    await remove('b/c')
    await restore(old.id, { path: 'a', overwrite: true })
    expect((await find('a'))?.id).toBe(old.id)
    expect((await list()).map(({ id }) => id)).toEqual([taking.id])
  })

  it('lets an overwritten file go at once where there is no trash', async () => {
    const old = await put('a', 'old')
    await remove('a')
    await put('a', 'taking')
    await restore(old.id, { overwrite: true, toTrash: false })
    expect(await list()).toEqual([])
    expect(await opened().blobs.referenced([sha256Of('taking')])).toEqual(new Set())
  })

  it('lets a file go for good, with its versions', async () => {
    await put('a', 'one')
    const { id } = await put('a', 'three')
    await remove('a')
    const { trash, blobs } = opened()
    await expect(trash.delete(viewerOf(bob), { id, nowMs: 1 })).rejects.toMatchObject({
      code: 'not_found',
    })
    await trash.delete(viewerOf(ann), { id, nowMs: 4000 })

    expect(await list()).toEqual([])
    expect(await bytes()).toEqual({ usedBytes: 0, versionBytes: 0, trashBytes: 0 })
    expect(await blobs.referenced([sha256Of('one'), sha256Of('three')])).toEqual(new Set())
    await expect(restore(id)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('empties and purges in batches, oldest first', async () => {
    for (const [index, path] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      await put(path, path)
      await remove(path, index)
    }
    const { trash } = opened()
    const empty = (who: Account, deletedUntilMs: number, limit: number) =>
      trash.empty(viewerOf(who), { owner: 'ann', deletedUntilMs, nowMs: 9, limit })
    const paths = async () => (await list()).map(({ path }) => path)

    expect(await empty(bob, 9, 9)).toBe(0)
    expect(await empty(ann, 9, 1)).toBe(1)
    expect(await paths()).toEqual(['e', 'd', 'c', 'b'])
    expect(await empty(ann, 2, 9)).toBe(2)
    expect(await trash.purge({ deletedBeforeMs: 4, nowMs: 9, limit: 9 })).toBe(1)
    expect(await paths()).toEqual(['e'])
  })

  it('ends in one of both ways when a file is restored, purged and its path taken at once', async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await put('a', `old ${round}`)
      await remove('a')
      const ends = await Promise.all([
        codeOf(restore(id)),
        codeOf(opened().trash.delete(viewerOf(ann), { id, nowMs: 4000 })),
        codeOf(put('a', 'new')),
      ])
      // Put as the second it would have found the path free or replaced the restored file: it always succeeds.
      expect(ends[2]).toBe('done')
      const left = (await list()).filter((row) => row.id === id)
      const wasRestored = ends[0] === 'done'
      expect(ends[1]).toBe(wasRestored ? 'not_found' : 'done')
      expect(left).toEqual([])
      expect((await find('a'))?.id === id).toBe(wasRestored)
      await opened().files.delete(viewerOf(ann), {
        key: { owner: 'ann', path: 'a' },
        condition: {},
        nowMs: 4000,
        toTrash: false,
      })
    }
  })
}

async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'done'
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.code
  }
}
