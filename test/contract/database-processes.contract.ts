import type { Database } from '../../webserver/domain/database'
import { addAccount, addSession, commitOf, viewerOf } from '../support/database/fixtures'
import { commitInFourProcesses } from '../support/database/four-processes'
import type { ScratchDatabase } from '../support/database/scratch-database'

export function processesContract(
  opened: () => { scratch: ScratchDatabase; database: Database },
): void {
  const count = (ends: string[], end: string) => ends.filter((other) => other === end).length

  it('fill one quota exactly', async () => {
    const { scratch, database } = opened()
    const ann = await addAccount(database, 'ann', { quotaBytes: 1000 })
    const ends = await commitInFourProcesses(scratch, viewerOf(ann), (process) =>
      Array.from({ length: 100 }, (_, i) =>
        commitOf('ann', `${process}/${i}`, `${process}${i}`.padEnd(7)),
      ),
    )
    expect(count(ends, 'created')).toBe(142)
    expect(count(ends, 'quota_exceeded')).toBe(400 - 142)
    expect((await database.accounts.find(ann.id))!.usedBytes).toBe(142 * 7)
  })

  it('create one name once', async () => {
    const { scratch, database } = opened()
    const ann = await addAccount(database, 'ann')
    const condition = { ifNoneMatch: '*' } as const
    const ends = await commitInFourProcesses(scratch, viewerOf(ann), (process) =>
      Array.from({ length: 50 }, (_, i) => commitOf('ann', 'a', `${process}${i}`, { condition })),
    )
    expect(count(ends, 'created')).toBe(1)
    expect(count(ends, 'precondition_failed')).toBe(199)
  })

  it('replace one file without losing a version', async () => {
    const { scratch, database } = opened()
    const ann = await addAccount(database, 'ann')
    const ends = await commitInFourProcesses(scratch, viewerOf(ann), (process) =>
      Array.from({ length: 50 }, (_, i) => commitOf('ann', 'a', `${process} ${i}`)),
    )
    expect(count(ends, 'created')).toBe(1)
    expect(count(ends, 'replaced')).toBe(199)
    const file = await database.files.find(viewerOf(ann), { owner: 'ann', path: 'a' })
    expect(file?.version).toBe(200)
  })

  it('read what another has changed as soon as it was told so, however often they read before', async () => {
    const { scratch, database } = opened()
    const other = await scratch.open()
    const ann = await addAccount(database, 'ann')
    const viewer = viewerOf(ann)
    const key = { owner: 'ann', path: 'a' }
    const { id } = await addSession(database, ann)
    for (let version = 1; version <= 20; version++) {
      await database.files.commit(viewer, commitOf('ann', 'a', `content ${version}`))
      for (let reading = 0; reading < 2; reading++) {
        expect((await other.files.find(viewer, key))?.version).toBe(version)
        expect((await other.sessions.findWithAccount(id))?.session.id).toBe(id)
      }
    }
    await database.sessions.delete({ accountId: ann.id, sessionId: id })
    expect(await other.sessions.findWithAccount(id)).toBeNull()
    expect(await other.files.find(viewerOf({ ...ann, id: 'bob' }), key)).toBeNull()
  })
}
