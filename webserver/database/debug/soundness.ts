import type { Account } from '../../domain/account'
import { blobsOf } from '../../domain/content'
import type { AccountBooks, BlobBooks, Soundness } from '../soundness'
import type { Tables } from './document'

export function soundnessOf(tables: Tables): Soundness {
  return {
    damage: () => danglingIn(tables),
    accountBooks: () => accountBooks(tables),
    blobBooks: () => blobBooks(tables),
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

/** What an account has, in the order of `AccountBooks`. */
export function bytesReal(tables: Tables, { id }: Account): number[] {
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

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}
