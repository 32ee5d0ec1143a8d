import type { PreparedDatabase } from '../prepared-database'
import { accountQueries } from './accounts'
import { blobQueries } from './blobs'
import { openWriteConnection } from './connection'
import { migrate } from './migrations'
import { countRecords, forgetUploads, storedContents } from './stored-contents'

export function prepareSqlite(directory: string): PreparedDatabase {
  const connection = openWriteConnection(directory)
  migrate(connection)
  const referenced = blobQueries(connection)['blobs.referenced']
  return {
    accountCount: accountQueries(connection)['accounts.count'](),
    referencedBlobs: (sha256s) => Promise.resolve(new Set(referenced(sha256s))),
    forgetUnreferencedBlobs() {
      const { changes } = connection.prepare('DELETE FROM blobs WHERE refs = 0').run()
      return Promise.resolve(changes)
    },
    storedContents: () => storedContents(connection),
    counts: () => countRecords(connection),
    forgetUploads: () => Promise.resolve(forgetUploads(connection)),
    close() {
      connection.close()
      return Promise.resolve()
    },
  }
}
