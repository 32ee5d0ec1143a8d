import type { Database } from '../../webserver/domain/database'
import { accountNamed, addAccount, admin } from '../support/database/fixtures'

/** What depends on there being no other account. */
export function emptyDatabaseContract(opened: () => Database): void {
  it('makes the first account once, and only when there is none', async () => {
    const { accounts } = opened()
    const asked = ['ann', 'bob', 'cid'].map((name) =>
      accounts.create(accountNamed(name, { onlyIfFirst: true })),
    )
    const ends = await Promise.allSettled(asked)

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(ends[1]).toMatchObject({ reason: { code: 'conflict' } })
    expect(await accounts.count()).toBe(1)
  })

  it('always keeps an admin, also when the last two delete themselves at once', async () => {
    const { accounts } = opened()
    await addAccount(opened(), 'member')
    const admins = [
      await addAccount(opened(), 'ann', { role: 'admin' }),
      await addAccount(opened(), 'bob', { role: 'admin' }),
    ]
    const asked = admins.map(({ id }) => accounts.delete({ accountId: id, nowMs: 5000 }))
    const ends = await Promise.allSettled(asked)

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(ends[1]).toMatchObject({ reason: { code: 'conflict' } })
    expect(await accounts.findByName('bob')).not.toBeNull()
  })

  it('counts the accounts', async () => {
    const { accounts } = opened()
    expect(await accounts.count()).toBe(0)
    const ann = await addAccount(opened(), 'ann')
    await addAccount(opened(), 'bob')
    expect(await accounts.count()).toBe(2)
    await accounts.delete({ accountId: ann.id, nowMs: 5000 })
    expect(await accounts.count()).toBe(1)
  })

  it('finds nothing in it', async () => {
    const { files, blobs, sessions } = opened()
    const all = { owner: null, prefix: '', after: null, limit: 9 }
    expect(await files.list(admin, all)).toEqual([])
    expect(await blobs.condemn({ beforeMs: 9e12, nowMs: 9e12, limit: 9 })).toEqual([])
    expect(await sessions.deleteExpired({ nowMs: 9e12, seenBeforeMs: 9e12, limit: 9 })).toBe(0)
  })
}
