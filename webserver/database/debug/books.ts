import { blobsOf } from '../../domain/content'
import type { Imbalance } from '../prepared-database'
import type { Tables } from './document'

export function imbalancesOf(tables: Tables): Imbalance[] {
  return [...accountBooks(tables), ...blobBooks(tables)].filter(({ kept, real }) => kept !== real)
}

function accountBooks({ accounts, files, versions, trash, uploads }: Tables): Imbalance[] {
  const reserved = [...uploads.values()].map((row) => ({ ...row, sizeBytes: row.reservedBytes }))
  return [...accounts.values()].flatMap((account) => {
    const sumOf = (rows: Iterable<{ ownerId: string; sizeBytes: number }>) =>
      [...rows].reduce((sum, row) => sum + (row.ownerId === account.id ? row.sizeBytes : 0), 0)
    const books = [
      ['used', account.usedBytes, sumOf(files.values())],
      ['version', account.versionBytes, sumOf(versions.values())],
      ['trash', account.trashBytes, sumOf(trash.values())],
      ['reserved', account.reservedBytes, sumOf(reserved)],
    ] as const
    return books.map(([kind, kept, real]) => ({
      what: `account ${account.name} ${kind}_bytes`,
      kept,
      real,
    }))
  })
}

function blobBooks({ files, versions, trash, blobs }: Tables): Imbalance[] {
  const uses = new Map<string, number>([...blobs.keys()].map((sha256) => [sha256, 0]))
  for (const content of [...files.values(), ...versions.values(), ...trash.values()])
    for (const sha256 of blobsOf(content)) uses.set(sha256, (uses.get(sha256) ?? 0) + 1)
  return [...uses].map(([sha256, real]) => ({
    what: `blob ${sha256} refs`,
    kept: blobs.get(sha256)?.refs ?? 0,
    real,
  }))
}
