import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { openDatabase, prepareDatabase } from '../../webserver/database/open-database'
import { addAccount, commitOf, sha256Of, viewerOf } from '../support/database/fixtures'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'

/** Makes the stored data claim to be of another version. */
const setVersion: Record<Kind, (directory: string, version: number) => void> = {
  sqlite(directory, version) {
    const connection = new Sqlite(join(directory, 'gristmill.sqlite'))
    connection.pragma(`user_version = ${version}`)
    connection.close()
  },
  debug(directory, version) {
    const path = join(directory, 'database.json')
    const document = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...document, version }))
  },
}

describe.each<Kind>(['sqlite', 'debug'])('preparing the %s database', (kind) => {
  let scratch: ScratchDatabase
  beforeEach(async () => {
    scratch = await ScratchDatabase.create(kind)
  })
  afterEach(() => scratch.destroy())

  it('counts the accounts and keeps what there is', async () => {
    const empty = await prepareDatabase(scratch)
    expect(empty.accountCount).toBe(0)
    await empty.close()
    await scratch.startWriter()
    await addAccount(await scratch.open(), 'ann')
    await scratch.drainWriter()

    const prepared = await prepareDatabase(scratch)
    expect(prepared.accountCount).toBe(1)
    await prepared.close()
  })

  it('tells which contents are referred to, and forgets the rest', async () => {
    await scratch.startWriter()
    const database = await scratch.open()
    const ann = await addAccount(database, 'ann')
    for (const content of ['kept', 'condemned', 'loose'])
      await database.files.commit(viewerOf(ann), commitOf('ann', content, content))
    for (const path of ['condemned', 'loose']) {
      const key = { owner: 'ann', path }
      await database.files.delete(viewerOf(ann), {
        key,
        condition: {},
        nowMs: 100,
        toTrash: false,
      })
      if (path === 'condemned')
        await database.blobs.condemn({ beforeMs: 100, nowMs: 200, limit: 9 })
    }
    await scratch.killWriter()

    const prepared = await prepareDatabase(scratch)
    const digests = ['kept', 'condemned', 'loose', 'unknown'].map(sha256Of)
    expect(await prepared.referencedBlobs(digests)).toEqual(new Set([sha256Of('kept')]))
    expect(await prepared.forgetUnreferencedBlobs()).toBe(2)
    expect(await prepared.forgetUnreferencedBlobs()).toBe(0)
    await prepared.close()
    await scratch.startWriter()
    const revived = commitOf('ann', 'again', 'condemned', { linked: [] })
    expect(await database.files.commit(viewerOf(ann), revived)).toMatchObject({ created: true })
  })

  it('refuses data that a newer program wrote, everywhere it is opened', async () => {
    setVersion[kind](scratch.paths.database, 99)
    const sentence = /version 99, this program knows versions up to \d+: start the newer program/
    await expect(prepareDatabase(scratch)).rejects.toThrow(sentence)
    await expect(scratch.startWriter()).rejects.toThrow(sentence)
    if (kind === 'sqlite') await expect(openDatabase(scratch)).rejects.toThrow(sentence)
  })
})

it('refuses the debug database with more than one worker, and says why', async () => {
  const scratch = await ScratchDatabase.create('debug')
  const { config, paths } = scratch
  const crowded = { ...config, cluster: { ...config.cluster, workers: 2 } }
  await expect(prepareDatabase({ config: crowded, paths })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/debug.*one worker.*not for 2/) as string,
  })
  await scratch.destroy()
})

it('refuses SQLite data that was never migrated, rather than to write into it', async () => {
  const scratch = await ScratchDatabase.create('sqlite')
  setVersion.sqlite(scratch.paths.database, 0)
  await expect(scratch.startWriter()).rejects.toThrow(/must be migrated/)
  await scratch.destroy()
})

it('refuses a debug document that is not JSON any more', async () => {
  const scratch = await ScratchDatabase.create('debug')
  writeFileSync(join(scratch.paths.database, 'database.json'), '{ "version": 1, oops')
  await expect(prepareDatabase(scratch)).rejects.toThrow(/database\.json is not JSON/)
  await scratch.destroy()
})
