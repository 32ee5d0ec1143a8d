import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { addAccount, commitOf, viewerOf } from '../support/database/fixtures'
import { ScratchDatabase } from '../support/database/scratch-database'
import { databaseContract } from './database.contract'

databaseContract('debug')

describe('beside the contract', () => {
  let scratch: ScratchDatabase
  beforeEach(async () => {
    scratch = await ScratchDatabase.create('debug')
    await scratch.startWriter()
  })
  afterEach(() => scratch.destroy())

  it('keeps one document that a person can read', async () => {
    const database = await scratch.open()
    const ann = await addAccount(database, 'ann')
    await database.files.commit(viewerOf(ann), commitOf('ann', 'a/b', 'hello'))

    const path = join(scratch.paths.database, 'database.json')
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('\n      "path": "a/b",\n')
    expect(JSON.parse(text)).toMatchObject({ accounts: [{ name: 'ann', usedBytes: 5 }] })
    expect(readdirSync(scratch.paths.database)).toEqual(['database.json'])
    expect(statSync(path).mode & 0o077).toBe(0)
  })
})
