import type { PreparedDatabase } from '../prepared-database'
import { accountQueries } from './accounts'
import { blobQueries } from './blobs'
import { openWriteConnection } from './connection'
import { migrate } from './migrations'
import { soundnessOf } from './soundness'
import { countRecords, forgetUploads, storedContents } from './stored-contents'
import { abandonRequests, draftsInUse } from './uploads'

export function prepareSqlite(directory: string): PreparedDatabase {
  const connection = openWriteConnection(directory)
  migrate(connection)
  const referenced = blobQueries(connection)['blobs.referenced']
  const inUse = draftsInUse(connection)
  return {
    accountCount: accountQueries(connection)['accounts.count'](),
    referencedBlobs: (sha256s) => Promise.resolve(new Set(referenced(sha256s))),
    forgetUnreferencedBlobs() {
      const { changes } = connection.prepare('DELETE FROM blobs WHERE refs = 0').run()
      return Promise.resolve(changes)
    },
    storedContents: () => storedContents(connection),
    ...soundnessOf(connection),
    counts: () => countRecords(connection),
    forgetUploads: () => Promise.resolve(forgetUploads(connection)),
    abandonRequests: () => Promise.resolve(abandonRequests(connection)),
    draftsInUse: (names) => Promise.resolve(new Set(inUse(names))),
    close() {
      connection.close()
      return Promise.resolve()
    },
  }
}
