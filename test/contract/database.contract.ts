import type { Database } from '../../webserver/domain/database'
import { inconsistenciesOf } from '../support/database/consistency'
import { ScratchDatabase, type Kind } from '../support/database/scratch-database'
import { accountsContract } from './database-accounts.contract'
import { blobsContract } from './database-blobs.contract'
import { filesContract } from './database-files.contract'
import { listingContract } from './database-listing.contract'
import { processesContract } from './database-processes.contract'
import { sessionsContract } from './database-sessions.contract'
import { writerLossContract } from './database-writer-loss.contract'

/** What every implementation of `Database` does, asked of the real writer process over the real socket. */
export function databaseContract(kind: Kind): void {
  describe('with one writer', () => {
    let scratch: ScratchDatabase
    let database: Database
    beforeEach(async () => {
      scratch = await ScratchDatabase.create(kind)
      await scratch.startWriter()
      database = await scratch.open()
    })
    afterEach(async () => {
      expect(await scratch.drainWriter()).toBe(0)
      expect(inconsistenciesOf(scratch)).toEqual([])
      await scratch.destroy()
    })

    describe('accounts', () => accountsContract(() => database))
    describe('sessions', () => sessionsContract(() => database))
    describe('files', () => filesContract(() => database))
    describe('listings', () => listingContract(() => database))
    describe('blobs', () => blobsContract(() => database))
    describe('four processes', () => processesContract(() => ({ scratch, database })))
  })

  describe('when the writer is lost', () => writerLossContract(kind))
}
