import type { Account } from '../../webserver/domain/account'
import type { Database } from '../../webserver/domain/database'
import { addAccount, commitOf, uploadOf, viewerOf } from '../support/database/fixtures'

export function uploadsContract(opened: () => Database): void {
  let ann: Account
  let bob: Account
  beforeEach(async () => {
    ann = await addAccount(opened(), 'ann', { quotaBytes: 100 })
    bob = await addAccount(opened(), 'bob')
  })
  const begin = (path: string, sizeBytes: number, rest = {}) =>
    opened().uploads.begin(viewerOf(ann), uploadOf('ann', path, sizeBytes, rest))
  const acquire = (id: string, offsetBytes: number, rest = {}) =>
    opened().uploads.acquire(viewerOf(ann), {
      ...{ id, offsetBytes, lengthBytes: null, holder: 'me', takeEpoch: null },
      ...{ nowMs: 2000, leaseUntilMs: 2500, ...rest },
    })
  const advance = (id: string, leaseEpoch: number, [fromBytes, toBytes]: number[], rest = {}) =>
    opened().uploads.advance({
      ...{ id, leaseEpoch, fromBytes: fromBytes!, toBytes: toBytes!, hashState: `at ${toBytes}` },
      ...{ leaseUntilMs: null, expiresAtMs: 9000, ...rest },
    })
  const find = (id: string) => opened().uploads.find(viewerOf(ann), id)
  const put = (path: string, content: string, rest = {}) =>
    opened().files.commit(viewerOf(ann), commitOf('ann', path, content, rest))
  const sums = async () => {
    const { usedBytes, versionBytes, reservedBytes } = (await opened().accounts.find(ann.id))!
    return [usedBytes, versionBytes, reservedBytes]
  }

  it('reserves what is said to come, and is its sender’s alone', async () => {
    const { id } = await begin('a', 60, { metadata: { from: 'x' }, contentType: 'text/x' })
    expect(await sums()).toEqual([0, 0, 60])
    expect(await find(id)).toMatchObject({
      ...{ id, kind: 'file', owner: 'ann', path: 'a', lengthBytes: 60, offsetBytes: 0 },
      ...{ reservedBytes: 60, metadata: { from: 'x' }, contentType: 'text/x', outcome: null },
      ...{ accountId: ann.id, linkId: null, leaseHolder: null, hashState: null, parts: null },
    })
    expect(await opened().uploads.find(viewerOf(bob), id)).toBeNull()
    await expect(begin('b', 41)).rejects.toMatchObject({ code: 'quota_exceeded' })
    await expect(put('b', 'x'.repeat(41))).rejects.toMatchObject({ code: 'quota_exceeded' })
    await put('b', 'x'.repeat(40))
    expect(await opened().uploads.list(viewerOf(ann), { limit: 10 })).toMatchObject([{ id }])
    await expect(opened().uploads.terminate(viewerOf(bob), id)).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await opened().uploads.terminate(viewerOf(ann), id)).toEqual([id])
    expect(await sums()).toEqual([40, 0, 0])
  })

  it('gives back what a sender reserved with somebody else when the sender’s account goes', async () => {
    const root = await addAccount(opened(), 'root', { role: 'admin' })
    await addAccount(opened(), 'other', { role: 'admin' })
    await opened().uploads.begin({ ...viewerOf(root), seesAll: true }, uploadOf('ann', 'a', 60))
    expect(await sums()).toEqual([0, 0, 60])
    await opened().accounts.delete({ accountId: root.id, nowMs: 3000 })
    expect(await sums()).toEqual([0, 0, 0])
  })

  it('takes only from whom the place allows it', async () => {
    const into = (owner: string) => opened().uploads.begin(viewerOf(bob), uploadOf(owner, 'a', 10))
    await expect(into('ann')).rejects.toMatchObject({ code: 'not_found' })
    await expect(into('nobody')).rejects.toMatchObject({ code: 'not_found' })
    await expect(into('bob')).resolves.toMatchObject({ owner: 'bob' })
  })

  it('counts what a replaced file lets go as room, and reserves only what there is', async () => {
    await put('a', 'x'.repeat(80))
    const { id, leaseEpoch } = await begin('a', 90, { leaseHolder: 'me', leaseUntilMs: 2500 })
    expect(await sums()).toEqual([80, 0, 20])
    await expect(begin('b', 1)).rejects.toMatchObject({ code: 'quota_exceeded' })
    await put('a', 'y'.repeat(90), { upload: { id, leaseEpoch }, versionsKept: 5 })
    expect(await sums()).toEqual([90, 0, 0])
  })

  it('gives one of two the lease, and moves only for its holder', async () => {
    const { id } = await begin('a', 60)
    const both = await Promise.allSettled([acquire(id, 0), acquire(id, 0)])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'locked' },
    })
    const { leaseEpoch } = (await find(id))!
    await expect(advance(id, leaseEpoch - 1, [0, 5])).rejects.toMatchObject({ code: 'conflict' })
    await expect(advance(id, leaseEpoch, [1, 5])).rejects.toMatchObject({ code: 'conflict' })
    await advance(id, leaseEpoch, [0, 5], { leaseUntilMs: 3000 })
    expect(await find(id)).toMatchObject({ offsetBytes: 5, leaseHolder: 'me', hashState: 'at 5' })
    await advance(id, leaseEpoch, [5, 9])
    expect(await find(id)).toMatchObject({ offsetBytes: 9, leaseHolder: null, expiresAtMs: 9000 })
    await expect(advance(id, leaseEpoch, [9, 10])).rejects.toMatchObject({ code: 'conflict' })
    await expect(acquire(id, 5)).rejects.toMatchObject({ code: 'conflict' })
    await expect(acquire('nothing', 5)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('lets a lease go by the clock, or when its holder is known to be gone', async () => {
    const { id } = await begin('a', 60)
    const first = await acquire(id, 0)
    const second = await acquire(id, 0, { nowMs: 2500, leaseUntilMs: 5000, holder: 'you' })
    expect(second).toMatchObject({ leaseHolder: 'me', leaseEpoch: first.leaseEpoch + 1 })
    await expect(advance(id, first.leaseEpoch, [0, 5])).rejects.toMatchObject({ code: 'conflict' })
    const takeEpoch = second.leaseEpoch
    await expect(acquire(id, 0, { takeEpoch: takeEpoch - 1 })).rejects.toMatchObject({
      code: 'locked',
    })
    const third = await acquire(id, 0, { takeEpoch })
    expect(third).toMatchObject({ leaseHolder: 'you', leaseEpoch: takeEpoch + 1 })
    await advance(id, third.leaseEpoch, [0, 1])
  })

  it('takes a length that was not said before, once, and reserves it', async () => {
    const { id } = await begin('a', 0, { lengthBytes: null })
    expect(await sums()).toEqual([0, 0, 0])
    await expect(acquire(id, 0, { lengthBytes: 101 })).rejects.toMatchObject({
      code: 'quota_exceeded',
    })
    const { leaseEpoch } = await acquire(id, 0, { lengthBytes: 50 })
    expect(await sums()).toEqual([0, 0, 50])
    await advance(id, leaseEpoch, [0, 10])
    await expect(acquire(id, 10, { lengthBytes: 51 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(acquire(id, 10, { lengthBytes: 50 })).resolves.toMatchObject({ lengthBytes: 50 })
  })

  it('reserves more for who grows: what is wanted if there is room, else what there is', async () => {
    const { id, leaseEpoch } = await begin('a', 10, { kind: 'put', leaseHolder: 'me' })
    const extend = (neededBytes: number, wantedBytes: number, epoch = leaseEpoch) =>
      opened().uploads.extend({
        ...{ id, leaseEpoch: epoch, neededBytes, wantedBytes },
        ...{ leaseUntilMs: 5000, expiresAtMs: 5000 },
      })
    expect(await extend(20, 40)).toBe(40)
    expect(await extend(50, 500)).toBe(100)
    await expect(extend(101, 500)).rejects.toMatchObject({ code: 'quota_exceeded' })
    await expect(extend(100, 100, leaseEpoch + 1)).rejects.toMatchObject({ code: 'conflict' })
    await opened().uploads.abandon({ id, leaseEpoch: leaseEpoch + 1 })
    expect(await sums()).toEqual([0, 0, 100])
    await opened().uploads.abandon({ id, leaseEpoch })
    expect(await sums()).toEqual([0, 0, 0])
    await expect(extend(1, 1)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is finished by its commit, and only asked about from then on', async () => {
    const { id } = await begin('a', 5)
    const { leaseEpoch } = await acquire(id, 0)
    const commit = (epoch: number) => put('a', 'hello', { upload: { id, leaseEpoch: epoch } })
    await expect(commit(leaseEpoch - 1)).rejects.toMatchObject({ code: 'conflict' })
    expect(await sums()).toEqual([0, 0, 5])
    const { file } = await commit(leaseEpoch)
    expect(await sums()).toEqual([5, 0, 0])
    const outcome = { fileId: file.id, version: 1, etag: file.etag, sha256: file.sha256 }
    expect(await find(id)).toMatchObject({
      ...{ offsetBytes: 5, lengthBytes: 5, reservedBytes: 0, leaseHolder: null },
      outcome: { ...outcome, created: true },
    })
    await expect(commit(leaseEpoch)).rejects.toMatchObject({ code: 'conflict' })
    await expect(acquire(id, 5)).rejects.toMatchObject({ code: 'conflict' })
    expect(await opened().uploads.list(viewerOf(ann), { limit: 10 })).toEqual([])
    expect(await opened().uploads.draftsInUse([id])).toEqual(new Set())
  })

  it('joins parts that are whole: they and their room become one upload', async () => {
    const part = async (sizeBytes: number) => {
      const { id } = await begin('', sizeBytes, { kind: 'part' })
      const { leaseEpoch } = await acquire(id, 0)
      await advance(id, leaseEpoch, [0, sizeBytes])
      return { id, sha256: 'f'.repeat(64), sizeBytes }
    }
    const parts = [await part(30), await part(40)]
    const join = (of: object[]) =>
      begin('a', 70, { kind: 'joined', parts: of, lengthBytes: 70, leaseHolder: 'me' })
    await expect(join([...parts, { ...parts[0], id: 'x' }])).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(join([{ ...parts[0], sizeBytes: 31 }])).rejects.toMatchObject({ code: 'conflict' })
    expect(await sums()).toEqual([0, 0, 70])
    const joined = await join(parts)
    expect(joined).toMatchObject({ kind: 'joined', offsetBytes: 70, reservedBytes: 70, parts })
    expect(await sums()).toEqual([0, 0, 70])
    expect(await find(parts[0]!.id)).toBeNull()
    const names = parts.map(({ id }) => id)
    expect(await opened().uploads.draftsInUse(['other', ...names])).toEqual(new Set(names))
    await expect(acquire(joined.id, 70)).rejects.toMatchObject({ code: 'conflict' })
    expect(await opened().uploads.terminate(viewerOf(ann), joined.id)).toEqual(names)
  })

  it('ends what is over, and says which drafts that leaves', async () => {
    const { id: early } = await begin('a', 10, { expiresAtMs: 3000 })
    const { id: late } = await begin('b', 20, { expiresAtMs: 3001 })
    expect(await opened().uploads.draftsInUse([early, late])).toEqual(new Set([early, late]))
    const expired = await opened().uploads.expire({ nowMs: 3000, limit: 10 })
    expect(expired).toEqual({ ended: 1, drafts: [early] })
    expect(await sums()).toEqual([0, 0, 20])
    expect(await find(early)).toBeNull()
    expect(await find(late)).not.toBeNull()
  })

  it('lets an account have only so many open', async () => {
    await begin('a', 1, { openMax: 2 })
    await begin('b', 1, { openMax: 2 })
    await expect(begin('c', 1, { openMax: 2 })).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(begin('c', 1, { kind: 'put', openMax: 0 })).resolves.toBeDefined()
  })
}
