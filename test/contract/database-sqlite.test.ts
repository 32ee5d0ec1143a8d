import { statSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { inconsistenciesOf } from '../support/database/consistency'
import { addAccount, commitOf, viewerOf } from '../support/database/fixtures'
import { ScratchDatabase } from '../support/database/scratch-database'
import { databaseContract } from './database.contract'

databaseContract('sqlite')

describe('beside the contract', () => {
  let scratch: ScratchDatabase
  const begin = async (settings = {}) => {
    scratch = await ScratchDatabase.create('sqlite', settings)
    await scratch.startWriter()
    return scratch.open()
  }
  afterEach(() => scratch.destroy())
  const file = (name = 'gristmill.sqlite') => join(scratch.paths.database, name)

  it('reads on while another program holds the write lock, and writes when it lets go', async () => {
    const database = await begin()
    await addAccount(database, 'ann')
    const other = new Sqlite(file())
    other.exec('BEGIN IMMEDIATE')
    const asked = addAccount(database, 'bob')
    const before = await Promise.race([asked, database.accounts.findByName('ann')])
    expect(before).toMatchObject({ name: 'ann' })
    other.exec('ROLLBACK')
    other.close()
    expect(await asked).toMatchObject({ name: 'bob' })
  })

  it('says unavailable when another program never lets go of the write lock', async () => {
    const database = await begin({ commandTimeoutMs: 300 })
    const other = new Sqlite(file())
    other.exec('BEGIN IMMEDIATE')
    await expect(addAccount(database, 'ann')).rejects.toMatchObject({ code: 'unavailable' })
    other.close()
  })

  it('keeps the write-ahead log near its limit under load, and none after a drain', async () => {
    const database = await begin({ walBytesMax: 1024 ** 2 })
    const ann = await addAccount(database, 'ann')
    let largestBytes = 0
    for (let round = 0; round < 30; round++) {
      const asked = Array.from({ length: 100 }, (_, i) =>
        database.files.commit(viewerOf(ann), commitOf('ann', `${round}/${i}`, `${round} ${i}`)),
      )
      await Promise.all(asked)
      largestBytes = Math.max(largestBytes, statSync(file('gristmill.sqlite-wal')).size)
    }
    expect(largestBytes).toBeLessThan(2 * 1024 ** 2)
    await database.close()
    expect(await scratch.drainWriter()).toBe(0)
    expect(statSync(file('gristmill.sqlite-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  })

  it('takes back the first half of an operation whose second half the data refuses', async () => {
    const database = await begin()
    const ann = await addAccount(database, 'ann')
    const broken = commitOf('ann', 'a', 'hello', { contentType: null as never })
    const ends = await Promise.allSettled([
      database.files.commit(viewerOf(ann), broken),
      database.files.commit(viewerOf(ann), commitOf('ann', 'b', 'hi')),
    ])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(ends[0]).toMatchObject({ reason: { code: 'internal', message: 'internal error' } })
    expect(await scratch.drainWriter()).toBe(0)
    expect(inconsistenciesOf(scratch)).toEqual([])
  })

  it('keeps the files to the user who runs the service', async () => {
    await begin()
    expect(statSync(scratch.paths.database).mode & 0o077).toBe(0)
  })
})
