import type { Inspection, StrayVersion } from '../inspection'
import { blobHandlers } from './blobs'
import { contentUseHandlers } from './content-uses'
import { loadTables, saveTables, type Tables } from './document'
import { bytesReal, soundnessOf } from './soundness'
import { draftsInUse } from './uploads'

/** @throws {AppError} `unsupported` when a newer program wrote the document or it cannot be read. */
export function inspectDebug(directory: string): Inspection {
  const tables = loadTables(directory)
  const blobs = blobHandlers(tables)
  const list = contentUseHandlers(tables)['contentUses.list']
  return {
    blobs: {
      known: (sha256s) => Promise.resolve(new Set(blobs['blobs.known'](sha256s))),
      referenced: (sha256s) => Promise.resolve(new Set(blobs['blobs.referenced'](sha256s))),
    },
    contentUses: { list: (args) => Promise.resolve(list(args)) },
    ...soundnessOf(tables),
    strayVersions: () => strayVersions(tables),
    overdueUploads: ({ beforeMs }) =>
      [...tables.uploads.values()].filter(({ expiresAtMs }) => expiresAtMs < beforeMs),
    draftsInUse: (names) => new Set(draftsInUse(tables, names)),
    recount: () => recount(directory, tables),
    close: () => undefined,
  }
}

function strayVersions({ files, trash, versions }: Tables): StrayVersion[] {
  const rows = [...files.values(), ...trash.values()]
  const current = new Map(rows.map(({ id, version }) => [id, version]))
  return [...versions.values()].flatMap(({ fileId, version }) => {
    const latest = current.get(fileId)
    if (latest === undefined) return [{ fileId, version, why: 'its file is nowhere' }]
    if (version < latest) return []
    return [{ fileId, version, why: 'it is not earlier than the current version' }]
  })
}

function recount(directory: string, tables: Tables) {
  const { accountBooks, blobBooks } = soundnessOf(tables)
  const wrongBlobs = blobBooks()
  for (const { sha256, uses } of wrongBlobs) {
    const state = uses > 0 ? 'live' : (tables.blobs.get(sha256)?.state ?? 'live')
    tables.blobs.set(sha256, { sha256, state, refs: uses, sinceMs: Date.now() })
  }
  const wrongAccounts = accountBooks()
  for (const account of tables.accounts.values()) {
    const [usedBytes, versionBytes, trashBytes, reservedBytes] = bytesReal(tables, account)
    Object.assign(account, { usedBytes, versionBytes, trashBytes, reservedBytes })
  }
  saveTables(directory, tables)
  return { accounts: wrongAccounts.length, blobs: wrongBlobs.length }
}
