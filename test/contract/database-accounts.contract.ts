import type { Database } from '../../webserver/domain/database'
import {
  accountNamed,
  addAccount,
  addSession,
  commitOf,
  sha256Of,
  viewerOf,
} from '../support/database/fixtures'

export function accountsContract(opened: () => Database): void {
  it('finds an account by id and by name, and none that is not there', async () => {
    const { accounts } = opened()
    const args = accountNamed('ann', { quotaBytes: 2 ** 50, nowMs: 1234 })
    const account = await accounts.create(args)

    expect(account).toEqual({
      id: args.id,
      name: 'ann',
      role: 'member',
      passwordHash: args.passwordHash,
      quotaBytes: 2 ** 50,
      usedBytes: 0,
      versionBytes: 0,
      trashBytes: 0,
      reservedBytes: 0,
      authEpoch: 1,
      createdAtMs: 1234,
    })
    expect(await accounts.find(account.id)).toEqual(account)
    expect(await accounts.findByName('ann')).toEqual(account)
    expect(await accounts.find('ann')).toBeNull()
    expect(await accounts.findByName(account.id)).toBeNull()
  })

  it('gives a name once, however many ask at the same time', async () => {
    const { accounts } = opened()
    const asked = [1, 2, 3, 4, 5].map(() => accounts.create(accountNamed('ann')))
    const ends = await Promise.allSettled(asked)

    const refused = ends.filter((end) => end.status === 'rejected')
    expect(refused).toHaveLength(4)
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'conflict', field: 'name' })
    expect(await accounts.findByName('ann')).not.toBeNull()
  })

  it('changes a password, ends the other sessions and moves the kept one to the new epoch', async () => {
    const { accounts, sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const bob = await addAccount(opened(), 'bob')
    const [kept, other, bobs] = [
      await addSession(opened(), ann),
      await addSession(opened(), ann),
      await addSession(opened(), bob),
    ]
    await accounts.changePassword({
      accountId: ann.id,
      ifAuthEpoch: 1,
      passwordHash: '$argon2id$second',
      keepSessionId: kept.id,
    })

    const found = await sessions.findWithAccount(kept.id)
    expect(found?.session.authEpoch).toBe(2)
    expect(found?.account).toMatchObject({ authEpoch: 2, passwordHash: '$argon2id$second' })
    expect(await sessions.findWithAccount(other.id)).toBeNull()
    expect((await sessions.findWithAccount(bobs.id))?.session.authEpoch).toBe(1)
  })

  it('ends every session at a change of password that keeps none', async () => {
    const { accounts, sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    await addSession(opened(), ann)
    const change = { accountId: ann.id, ifAuthEpoch: 1, passwordHash: 'x', keepSessionId: null }
    await accounts.changePassword(change)
    expect(await sessions.listByAccount(ann.id)).toEqual([])
  })

  it('refuses to change the password of nobody, and of an account that was changed meanwhile', async () => {
    const { accounts } = opened()
    const ann = await addAccount(opened(), 'ann')
    const change = { accountId: ann.id, ifAuthEpoch: 1, passwordHash: 'x', keepSessionId: null }
    const nobodys = accounts.changePassword({ ...change, accountId: 'nobody' })
    await expect(nobodys).rejects.toMatchObject({ code: 'not_found' })

    const ends = await Promise.allSettled([
      accounts.changePassword(change),
      accounts.changePassword({ ...change, passwordHash: 'y' }),
    ])
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(ends[1]).toMatchObject({ reason: { code: 'conflict' } })
    expect(await accounts.find(ann.id)).toMatchObject({ passwordHash: 'x', authEpoch: 2 })
  })

  it('replaces a hash only while it is the one that was verified', async () => {
    const { accounts } = opened()
    const ann = await addAccount(opened(), 'ann', { passwordHash: 'old' })
    const replace = (ifPasswordHash: string, passwordHash: string) =>
      accounts.rehashPassword({ accountId: ann.id, ifPasswordHash, passwordHash })

    await replace('other', 'wrong')
    expect(await accounts.find(ann.id)).toMatchObject({ passwordHash: 'old' })
    await replace('old', 'new')
    expect(await accounts.find(ann.id)).toMatchObject({ passwordHash: 'new', authEpoch: 1 })
    await accounts.rehashPassword({ accountId: 'nobody', ifPasswordHash: '', passwordHash: '' })
  })

  it('deletes an account with its sessions and files, and nothing of others', async () => {
    const { accounts, sessions, files, blobs } = opened()
    const ann = await addAccount(opened(), 'ann')
    const bob = await addAccount(opened(), 'bob')
    const session = await addSession(opened(), ann)
    for (const path of ['a', 'b']) await files.commit(viewerOf(ann), commitOf('ann', path, 'same'))
    await files.commit(viewerOf(ann), commitOf('ann', 'c', 'hers'))
    await files.commit(viewerOf(bob), commitOf('bob', 'a', 'same'))
    await accounts.delete({ accountId: ann.id, nowMs: 5000 })

    expect(await accounts.find(ann.id)).toBeNull()
    expect(await sessions.findWithAccount(session.id)).toBeNull()
    expect(await files.find(viewerOf(ann), { owner: 'ann', path: 'a' })).toBeNull()
    expect(await files.find(viewerOf(bob), { owner: 'bob', path: 'a' })).not.toBeNull()
    expect(await blobs.referenced([sha256Of('same'), sha256Of('hers')])).toEqual(
      new Set([sha256Of('same')]),
    )
    expect(await blobs.condemn({ beforeMs: 4999, nowMs: 6000, limit: 10 })).toEqual([])
    expect(await blobs.condemn({ beforeMs: 5000, nowMs: 6000, limit: 10 })).toEqual([
      sha256Of('hers'),
    ])
    const again = accounts.delete({ accountId: ann.id, nowMs: 5000 })
    await expect(again).rejects.toMatchObject({ code: 'not_found' })
  })

  it('gives a freed name to a new account without the files of the old one', async () => {
    const { accounts, files } = opened()
    const old = await addAccount(opened(), 'ann')
    await files.commit(viewerOf(old), commitOf('ann', 'a', 'hers'))
    await accounts.delete({ accountId: old.id, nowMs: 5000 })
    const next = await addAccount(opened(), 'ann')

    expect(next.usedBytes).toBe(0)
    expect(await files.find(viewerOf(next), { owner: 'ann', path: 'a' })).toBeNull()
    await expect(files.commit(viewerOf(old), commitOf('ann', 'a', 'late'))).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('answers a ping', async () => {
    await expect(opened().ping()).resolves.toBeUndefined()
  })
}
