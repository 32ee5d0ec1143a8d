import type { PreparedDatabase } from '../prepared-database'
import { blobHandlers } from './blobs'
import { loadTables, saveTables } from './document'
import { countRecords, forgetUploads, storedContents } from './snapshot'
import { soundnessOf } from './soundness'
import { abandonRequests, draftsInUse } from './uploads'

export function prepareDebug(directory: string): PreparedDatabase {
  const tables = loadTables(directory)
  saveTables(directory, tables)
  const referenced = blobHandlers(tables)['blobs.referenced']
  return {
    accountCount: tables.accounts.size,
    referencedBlobs: (sha256s) => Promise.resolve(new Set(referenced(sha256s))),
    forgetUnreferencedBlobs() {
      const before = tables.blobs.size
      for (const { sha256, refs } of tables.blobs.values())
        if (refs === 0) tables.blobs.delete(sha256)
      saveTables(directory, tables)
      return Promise.resolve(before - tables.blobs.size)
    },
    storedContents: () => storedContents(tables),
    ...soundnessOf(tables),
    counts: () => countRecords(tables),
    forgetUploads() {
      const count = forgetUploads(tables)
      saveTables(directory, tables)
      return Promise.resolve(count)
    },
    abandonRequests() {
      const ended = abandonRequests(tables)
      saveTables(directory, tables)
      return Promise.resolve(ended)
    },
    draftsInUse: (names) => Promise.resolve(new Set(draftsInUse(tables, names))),
    close: () => Promise.resolve(),
  }
}
