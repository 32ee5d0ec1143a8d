import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { etagOf } from '../../webserver/domain/content'
import { addAccount, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'

const key = { owner: 'ann', path: 'a' }

export function versionsContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
    bob = await addAccount(opened(), 'bob')
  })
  const put = async (content: string, rest = {}) =>
    (
      await opened().files.commit(
        viewerOf(ann),
        commitOf('ann', 'a', content, { versionsKept: 10, ...rest }),
      )
    ).file
  const list = async (who = ann, rest = {}) =>
    opened().versions.list(viewerOf(who), { key, before: null, limit: 10, ...rest })
  const numbers = async () => (await list())?.map(({ version }) => version)
  const restore = (version: number, rest = {}) =>
    opened().versions.restore(viewerOf(ann), {
      key,
      version,
      condition: {},
      nowMs: 5000,
      versionsKept: 10,
      ...rest,
    })
  const remove = (version: number, who = ann) =>
    opened().versions.delete(viewerOf(who), { key, version, nowMs: 5000 })
  const bytes = async () => {
    const { usedBytes, versionBytes } = (await opened().accounts.find(ann.id))!
    return { usedBytes, versionBytes }
  }

  it('lists the current version and the earlier ones, newest first, in pages', async () => {
    await put('one', { nowMs: 10, contentType: 'text/x' })
    await put('three', { nowMs: 20 })
    await put('fourteen', { nowMs: 30 })

    expect(await list()).toEqual([
      expect.objectContaining({ version: 3, sizeBytes: 8, createdAtMs: 30 }),
      expect.objectContaining({ version: 2, sizeBytes: 5, createdAtMs: 20 }),
      {
        version: 1,
        sizeBytes: 3,
        etag: etagOf(sha256Of('one')),
        sha256: sha256Of('one'),
        extents: null,
        contentType: 'text/x',
        createdAtMs: 10,
      },
    ])
    const page = await list(ann, { limit: 2 })
    expect(page?.map(({ version }) => version)).toEqual([3, 2])
    expect((await list(ann, { limit: 2, before: 2 }))?.map((one) => one.version)).toEqual([1])
    expect(await list(ann, { before: 1 })).toEqual([])
  })

  it('finds a file as it was', async () => {
    const first = await put('one', { nowMs: 10, contentType: 'text/x' })
    const second = await put('three', { nowMs: 20 })
    const find = (version: number, who = ann) =>
      opened().versions.find(viewerOf(who), { key, version })

    expect(await find(2)).toEqual(second)
    expect(await find(1)).toEqual(first)
    expect(await find(3)).toBeNull()
    expect(await find(1, bob)).toBeNull()
    expect(await list(bob)).toBeNull()
  })

  it('restores a version as the next one, without a byte more in the store', async () => {
    const first = await put('one', { nowMs: 10, contentType: 'text/x' })
    await put('three', { nowMs: 20 })
    const file = await restore(1)

    expect(file).toEqual({ ...first, version: 3, updatedAtMs: 5000 })
    expect(await opened().files.find(viewerOf(ann), key)).toEqual(file)
    expect(await numbers()).toEqual([3, 2, 1])
    expect(await bytes()).toEqual({ usedBytes: 3, versionBytes: 8 })
  })

  it('restores only what the condition says, to those who may edit, and never the current one', async () => {
    await put('one')
    await put('three')
    const stale = { condition: { ifMatch: ['"other"'] } }

    await expect(restore(1, stale)).rejects.toMatchObject({ code: 'precondition_failed' })
    await expect(restore(2)).rejects.toMatchObject({ code: 'conflict' })
    await expect(restore(7)).rejects.toMatchObject({ code: 'not_found' })
    const asBob = { key, version: 1, condition: {}, nowMs: 1, versionsKept: 1 }
    const refused = opened().versions.restore(viewerOf(bob), asBob)
    await expect(refused).rejects.toMatchObject({ code: 'not_found' })
    expect(await numbers()).toEqual([2, 1])
  })

  it('restores though the version that it restores must go for the quota', async () => {
    await put('x'.repeat(60))
    await put('y'.repeat(40))
    expect((await restore(1)).sizeBytes).toBe(60)
    expect(await numbers()).toEqual([3, 2])
    expect(await bytes()).toEqual({ usedBytes: 60, versionBytes: 40 })
  })

  it('refuses to restore what the quota has no room for', async () => {
    await put('x'.repeat(60))
    await put('y')
    await opened().files.commit(viewerOf(ann), commitOf('ann', 'b', 'z'.repeat(39)))
    await expect(
      opened()
        .files.commit(viewerOf(ann), commitOf('ann', 'c', 'z'.repeat(50)))
        .then(() => restore(1)),
    ).rejects.toMatchObject({ code: 'quota_exceeded' })
    expect(await numbers()).toEqual([2, 1])
  })

  it('lets one version go, and its content with it', async () => {
    await put('one')
    await put('three')
    await remove(1)

    expect(await numbers()).toEqual([2])
    expect(await bytes()).toEqual({ usedBytes: 5, versionBytes: 0 })
    expect(await opened().blobs.referenced([sha256Of('one')])).toEqual(new Set())
    await expect(remove(1)).rejects.toMatchObject({ code: 'not_found' })
    await expect(remove(2)).rejects.toMatchObject({ code: 'conflict' })
    await expect(remove(2, bob)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('prunes by age, oldest first, so many at a time', async () => {
    for (const nowMs of [10, 20, 30, 40]) await put(`content of ${nowMs}`, { nowMs })
    const prune = (replacedBeforeMs: number, limit = 10) =>
      opened().versions.prune({ replacedBeforeMs, nowMs: 5000, limit })

    expect(await prune(20)).toBe(0)
    expect(await prune(40, 1)).toBe(1)
    expect(await numbers()).toEqual([4, 3, 2])
    expect(await prune(40)).toBe(1)
    expect(await prune(41)).toBe(1)
    expect(await numbers()).toEqual([4])
  })

  it('prunes what is more than a lowered policy keeps, file by file', async () => {
    for (const text of ['one', 'two', 'three']) await put(text)
    for (const text of ['one', 'two'])
      await opened().files.commit(viewerOf(ann), commitOf('ann', 'b', text, { versionsKept: 10 }))
    const prune = (afterFileId: string) =>
      opened().versions.pruneSurplus({ versionsKept: 1, nowMs: 5000, afterFileId, limit: 1 })

    const first = await prune('')
    const second = await prune(first.nextAfterFileId!)
    expect(first.dropped + second.dropped).toBe(1)
    expect(await prune(second.nextAfterFileId!)).toEqual({ dropped: 0, nextAfterFileId: null })
    expect(await numbers()).toEqual([3, 2])
  })

  it('keeps nothing where the policy keeps nothing', async () => {
    await put('one')
    await put('three', { versionsKept: 0 })
    expect(await numbers()).toEqual([2])
    expect(await opened().blobs.referenced([sha256Of('one')])).toEqual(new Set())
  })
}
