import type { Account } from '../../domain/account'
import { blobsOf } from '../../domain/content'
import type { AccountBooks, BlobBooks, Inspection, StrayVersion } from '../inspection'
import { blobHandlers } from './blobs'
import { contentUseHandlers } from './content-uses'
import { loadTables, saveTables, type Tables } from './document'
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
    damage: () => danglingIn(tables),
    accountBooks: () => accountBooks(tables),
    blobBooks: () => blobBooks(tables),
    strayVersions: () => strayVersions(tables),
    overdueUploads: ({ beforeMs }) =>
      [...tables.uploads.values()].filter(({ expiresAtMs }) => expiresAtMs < beforeMs),
    draftsInUse: (names) => new Set(draftsInUse(tables, names)),
    recount: () => recount(directory, tables),
    close: () => undefined,
  }
}

function danglingIn({ accounts, ...tables }: Tables): string[] {
  return (['files', 'versions', 'trash', 'uploads'] as const).flatMap((name) =>
    [...tables[name].values()]
      .filter(({ ownerId }) => !accounts.has(ownerId))
      .map(() => `a row of ${name} refers to no row of accounts`),
  )
}

function bytesKept(account: Account): number[] {
  return [account.usedBytes, account.versionBytes, account.trashBytes, account.reservedBytes]
}

function bytesReal(tables: Tables, { id }: Account): number[] {
  const sizes = [tables.files, tables.versions, tables.trash].map((table) =>
    sumOf([...table.values()].filter((row) => row.ownerId === id).map((row) => row.sizeBytes)),
  )
  const uploads = [...tables.uploads.values()].filter(({ ownerId }) => ownerId === id)
  return [...sizes, sumOf(uploads.map(({ reservedBytes }) => reservedBytes))]
}

function accountBooks(tables: Tables): AccountBooks[] {
  return [...tables.accounts.values()]
    .map((account) => {
      const { name } = account
      return { name, kept: bytesKept(account), real: bytesReal(tables, account) }
    })
    .filter(({ kept, real }) => String(kept) !== String(real))
}

function blobBooks(tables: Tables): BlobBooks[] {
  const uses = new Map([...tables.blobs.keys()].map((sha256) => [sha256, 0]))
  for (const table of [tables.files, tables.versions, tables.trash])
    for (const row of table.values())
      for (const sha256 of blobsOf(row)) uses.set(sha256, (uses.get(sha256) ?? 0) + 1)
  return [...uses]
    .map(([sha256, count]) => ({ sha256, refs: tables.blobs.get(sha256)?.refs ?? 0, uses: count }))
    .filter((books) => books.refs !== books.uses)
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
  const wrongBlobs = blobBooks(tables)
  for (const { sha256, uses } of wrongBlobs) {
    const state = uses > 0 ? 'live' : (tables.blobs.get(sha256)?.state ?? 'live')
    tables.blobs.set(sha256, { sha256, state, refs: uses, sinceMs: Date.now() })
  }
  const wrongAccounts = accountBooks(tables)
  for (const account of tables.accounts.values()) {
    const [usedBytes, versionBytes, trashBytes, reservedBytes] = bytesReal(tables, account)
    Object.assign(account, { usedBytes, versionBytes, trashBytes, reservedBytes })
  }
  saveTables(directory, tables)
  return { accounts: wrongAccounts.length, blobs: wrongBlobs.length }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}
