import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { takeHold } from '../../../webserver/blobs/disk/holds'
import { pathsOf } from '../../../webserver/config/paths'
import { configSchema, type Config } from '../../../webserver/config/schema'
import { copyDatabase } from '../../../webserver/database/copy-database'
import { prepareDatabase } from '../../../webserver/database/open-database'
import type { PreparedDatabase } from '../../../webserver/database/prepared-database'
import type { Soundness } from '../../../webserver/database/soundness'
import type { Service } from '../service'

const clearedTimeoutMs = 60_000

/** What the records and the disk say of each other, at one moment. */
export interface Books {
  /** Bytes by which an account's sums are not those of its rows. */
  quotaDriftBytes: number
  /** References by which a blob's count is not that of its uses. */
  refsDrift: number
  /** What is wrong with the file of the database. */
  damage: string[]
  /** Blobs that the records refer to and the disk has not, or not as long. */
  missing: number
  /** Blobs on the disk that no record refers to. */
  orphanBlobs: number
  drafts: number
}

/**
 * Of a copy of the database: the service goes on with its own. It removes nothing from the disk meanwhile, or the copy would
 * miss what a later moment has let go.
 */
export async function readBooks({ dataDirectory }: Service): Promise<Books> {
  const config = configSchema.parse({ data: { directory: dataDirectory } })
  const hold = await takeHold(pathsOf(config).holds)
  try {
    return await readHeld(config)
  } finally {
    await hold.release()
  }
}

async function readHeld(config: Config): Promise<Books> {
  const paths = pathsOf(config)
  const copy = `${paths.data}-books`
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  await copyDatabase({
    ...{ kind: 'sqlite', from: paths.database, to: copy },
    onProgress: () => undefined,
  })
  const records = await prepareDatabase({ config, paths: { ...paths, database: copy } })
  try {
    return { ...balanceOf(records), ...compare(records, paths) }
  } finally {
    await records.close()
  }
}

function balanceOf(records: Soundness) {
  const drifts = records
    .accountBooks()
    .flatMap(({ kept, real }) => kept.map((bytes, index) => Math.abs(bytes - real[index]!)))
  const refsDrifts = records.blobBooks().map(({ refs, uses }) => Math.abs(refs - uses))
  return {
    quotaDriftBytes: sumOf(drifts),
    refsDrift: sumOf(refsDrifts),
    damage: records.damage(),
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

function compare(records: PreparedDatabase, paths: { blobs: string; drafts: string }) {
  const stored = new Set(filesBelow(paths.blobs))
  const referred = new Set([...records.storedContents()].map(({ sha256 }) => sha256))
  return {
    missing: [...referred].filter((sha256) => !stored.has(sha256)).length,
    orphanBlobs: [...stored].filter((sha256) => !referred.has(sha256)).length,
    drafts: filesBelow(paths.drafts).length,
  }
}

/** Waits as long as a few sweeps need for the orphans to be gone. @returns what stays. */
export async function booksAfterSweeps(service: Service): Promise<Books> {
  const endsAt = performance.now() + clearedTimeoutMs
  for (;;) {
    const books = await readBooks(service)
    if (books.orphanBlobs + books.drafts === 0 || performance.now() > endsAt) return books
    await delay(500)
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

/** In words, without what is as it should be. */
export function wrongIn(books: Books): string[] {
  return counted({
    'bytes of quota adrift': books.quotaDriftBytes,
    'references adrift': books.refsDrift,
    'kinds of damage in the database': books.damage.length,
    'contents of files missing': books.missing,
  })
}

/** What there is any of, in words. */
export function counted(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
}
