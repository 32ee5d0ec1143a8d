import type { Database } from '../../webserver/domain/database'
import { addAccount, addSession, sessionOf } from '../support/database/fixtures'

export function sessionsContract(opened: () => Database): void {
  it('finds a session together with its account, and none that is not there', async () => {
    const { sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const session = await addSession(opened(), ann, { userAgent: 'Ünïcode/1 "\\\u0001' })

    expect(await sessions.findWithAccount(session.id)).toEqual({ session, account: ann })
    expect(await sessions.findWithAccount('nothing')).toBeNull()
  })

  it('lists the sessions of an account, newest first', async () => {
    const ann = await addAccount(opened(), 'ann')
    const bob = await addAccount(opened(), 'bob')
    await addSession(opened(), bob)
    const second = await addSession(opened(), ann, { createdAtMs: 200 })
    const third = await addSession(opened(), ann, { createdAtMs: 300 })
    const first = await addSession(opened(), ann, { createdAtMs: 100 })

    expect(await opened().sessions.listByAccount(ann.id)).toEqual([third, second, first])
  })

  it('refuses a session of an account that is gone or has moved to another epoch', async () => {
    const { accounts, sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const change = { accountId: ann.id, ifAuthEpoch: 1, passwordHash: 'x', keepSessionId: null }
    await accounts.changePassword(change)

    for (const session of [sessionOf(ann), sessionOf({ ...ann, id: 'nobody' })])
      await expect(sessions.create({ session, perAccountMax: 9 })).rejects.toMatchObject({
        code: 'conflict',
      })
  })

  it('ends the sessions unseen for longest beyond the limit, never the new one', async () => {
    const { sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const stale = await addSession(opened(), ann, { lastSeenAtMs: 1 })
    const staler = await addSession(opened(), ann, { lastSeenAtMs: 0 })
    const seen = await addSession(opened(), ann, { lastSeenAtMs: 5 })
    const session = sessionOf(ann, { lastSeenAtMs: 0 })
    await sessions.create({ session, perAccountMax: 2 })

    const left = (await sessions.listByAccount(ann.id)).map(({ id }) => id)
    expect(left.sort()).toEqual([seen.id, session.id].sort())
    expect(await sessions.findWithAccount(stale.id)).toBeNull()
    expect(await sessions.findWithAccount(staler.id)).toBeNull()
  })

  it('keeps the limit when many log in at once', async () => {
    const ann = await addAccount(opened(), 'ann')
    const asked = Array.from({ length: 20 }, () =>
      opened().sessions.create({ session: sessionOf(ann), perAccountMax: 3 }),
    )
    await Promise.all(asked)
    expect(await opened().sessions.listByAccount(ann.id)).toHaveLength(3)
  })

  it('moves the time of last use forward only, and revives nothing', async () => {
    const { sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const { id } = await addSession(opened(), ann, { lastSeenAtMs: 100 })
    await sessions.touch({ sessionId: id, nowMs: 300 })
    await sessions.touch({ sessionId: id, nowMs: 200 })
    expect((await sessions.findWithAccount(id))?.session.lastSeenAtMs).toBe(300)

    await sessions.delete({ accountId: ann.id, sessionId: id })
    await sessions.touch({ sessionId: id, nowMs: 400 })
    expect(await sessions.findWithAccount(id)).toBeNull()
  })

  it('deletes a session of its own account only, and says whether there was one', async () => {
    const { sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    const bob = await addAccount(opened(), 'bob')
    const { id } = await addSession(opened(), ann)

    expect(await sessions.delete({ accountId: bob.id, sessionId: id })).toBe(false)
    expect(await sessions.delete({ accountId: ann.id, sessionId: id })).toBe(true)
    expect(await sessions.delete({ accountId: ann.id, sessionId: id })).toBe(false)
  })

  it('deletes what is past its end or long unseen, so many at a time', async () => {
    const { sessions } = opened()
    const ann = await addAccount(opened(), 'ann')
    await addSession(opened(), ann, { expiresAtMs: 5000, lastSeenAtMs: 4000 })
    await addSession(opened(), ann, { expiresAtMs: 9000, lastSeenAtMs: 1999 })
    const live = await addSession(opened(), ann, { expiresAtMs: 5001, lastSeenAtMs: 2000 })
    const sweep = (limit: number) =>
      sessions.deleteExpired({ nowMs: 5000, seenBeforeMs: 2000, limit })

    expect(await sweep(1)).toBe(1)
    expect(await sweep(10)).toBe(1)
    expect(await sweep(10)).toBe(0)
    expect(await sessions.listByAccount(ann.id)).toEqual([live])
  })
}
