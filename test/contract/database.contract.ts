import type { Database } from '../../webserver/domain/database'
import { inconsistenciesOf } from '../support/database/consistency'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'
import { accountsContract } from './database-accounts.contract'
import { blobsContract } from './database-blobs.contract'
import { bulkContract } from './database-bulk.contract'
import { bulkRacesContract } from './database-bulk-races.contract'
import { contentsContract } from './database-contents.contract'
import { browsingContract } from './database-browsing.contract'
import { emptyDatabaseContract } from './database-empty.contract'
import { filesContract } from './database-files.contract'
import { grantsContract } from './database-grants.contract'
import { groupsContract } from './database-groups.contract'
import { infoContract } from './database-info.contract'
import { linksContract } from './database-links.contract'
import { listingContract } from './database-listing.contract'
import { processesContract } from './database-processes.contract'
import { sessionsContract } from './database-sessions.contract'
import { trashContract } from './database-trash.contract'
import { versionsContract } from './database-versions.contract'
import { uploadsContract } from './database-uploads.contract'
import { writerLossContract } from './database-writer-loss.contract'

/** What every implementation of `Database` does, asked of the real writer process over the real socket. */
export function databaseContract(kind: Kind): void {
  let scratch: ScratchDatabase
  let database: Database
  const start = async () => {
    scratch = await ScratchDatabase.create(kind)
    await scratch.startWriter()
    database = await scratch.open()
  }
  const end = async () => {
    expect(await scratch.drainWriter()).toBe(0)
    expect(inconsistenciesOf(scratch)).toEqual([])
    await scratch.destroy()
  }

  describe('with one writer', () => {
    beforeAll(start)
    afterEach(() => clear(database))
    afterAll(end)

    describe('accounts', () => accountsContract(() => database))
    describe('sessions', () => sessionsContract(() => database))
    describe('files', () => filesContract(() => database))
    describe('versions', () => versionsContract(() => database))
    describe('the trash', () => trashContract(() => database))
    describe('contents', () => contentsContract(() => database))
    describe('listings', () => listingContract(() => database))
    describe('groups', () => groupsContract(() => database))
    describe('grants', () => grantsContract(() => database))
    describe('links', () => linksContract(() => database))
    describe('browsing', () => browsingContract(() => database))
    describe('uploads', () => uploadsContract(() => database))
    describe('information', () => infoContract(() => database))
    describe('bulk', () => bulkContract(() => database))
    describe('bulk, at once with others', () => bulkRacesContract(() => ({ scratch, database })))
    describe('blobs', () => blobsContract(() => database))
    describe('four processes', () => processesContract(() => ({ scratch, database })))
  })

  describe('while it is empty', () => {
    beforeEach(start)
    afterEach(end)
    emptyDatabaseContract(() => database)
  })

  describe('when the writer is lost', () => writerLossContract(kind))
}

/** Starting a writer for each test would take most of their time. */
async function clear({ accounts, blobs }: Database): Promise<void> {
  for (const name of ['ann', 'bob', 'cid']) {
    const account = await accounts.findByName(name)
    if (account !== null) await accounts.delete({ accountId: account.id, nowMs: 0 })
  }
  const everything = { beforeMs: Number.MAX_SAFE_INTEGER, nowMs: 0, limit: 100_000 }
  await blobs.condemn(everything)
  await blobs.forget(everything)
}
