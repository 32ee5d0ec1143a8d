import { existsSync } from 'node:fs'
import { copyFile, rename } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { syncDirectory } from '../blobs/disk/directories'
import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { readVersion } from '../config/version'
import { copyDatabase, databaseFileOf } from '../database/copy-database'
import { prepareDatabase } from '../database/open-database'
import type { DatabaseCounts, PreparedDatabase } from '../database/prepared-database'
import { copyContents, type Copied } from './copy-contents'
import { hashFile, type ContentStore, type Hashed } from './content-store'
import { makeEmptyDirectory, writeDurably } from './durable-files'
import { Failure } from './failure'
import { requireSound } from './require-sound'
import type { Manifest, OtherFile } from './manifest'
import type { BackupOptions } from './options'
import { findOtherFiles } from './other-files'
import type { Progress } from './progress'
import { SumsWriter } from './sums'
import { inSnapshot, snapshotNameOf, type Target } from './target'
import type { TargetLock } from './target-lock'

export interface TakeOptions {
  config: Config
  paths: Paths
  target: Target
  store: ContentStore
  lock: TargetLock
  hold: { hasLapsed(): boolean }
  progress: Progress
  options: BackupOptions
}

export interface SnapshotTaken {
  name: string
  manifest: Manifest
  copied: Copied
  /** Of the first step, within which the moment of the snapshot lies. */
  databaseMs: number
}

/**
 * The database first, as it is at one moment; then every content that this copy refers to. What is deleted meanwhile
 * stays in the data directory for as long as the hold is in force.
 */
export async function takeSnapshot(use: TakeOptions): Promise<SnapshotTaken> {
  const { target, store, lock, progress } = use
  const takenAt = new Date()
  const name = snapshotNameOf(takenAt)
  const directory = await makeEmptyDirectory(join(target.snapshots, `${name}.unfinished`))
  const startedAtMs = performance.now()
  const database = await copyRecords(use, directory)
  const databaseMs = Math.round(performance.now() - startedAtMs)
  const records = await restoreElsewhere(use, directory)
  try {
    const sums = await SumsWriter.create(directory)
    const copied = await copyContents({ ...use, records, sums })
    const files = await copyOtherFiles(use, sums)
    await sums.addFile(
      database.sha256,
      join(inSnapshot.database, databaseFileOf(use.config.database.kind)),
    )
    await sums.end()
    await store.sync()
    progress.say('Checking that the copy of the database finds every content.')
    requireWhole(use, records, copied)
    const manifest = manifestOf(use, { takenAt, database, counts: records.counts(), copied, files })
    await copyConfiguration(directory)
    await writeDurably(
      join(directory, inSnapshot.manifest),
      `${JSON.stringify(manifest, null, 2)}\n`,
    )
    lock.requireOurs()
    await rename(directory, join(target.snapshots, name))
    await syncDirectory(target.snapshots)
    return { name, manifest, copied, databaseMs }
  } finally {
    await records.close()
    await makeEmptyDirectory(target.drafts)
  }
}

async function copyRecords(
  { config, paths, progress }: TakeOptions,
  directory: string,
): Promise<Hashed> {
  const { kind } = config.database
  const to = await makeEmptyDirectory(join(directory, inSnapshot.database))
  progress.say('Copying the database as it is at this moment.')
  await copyDatabase({ kind, from: paths.database, to, onProgress: () => undefined })
  return hashFile(join(to, databaseFileOf(kind)))
}

/** Opens a copy of the copy as a start of the service would: what cannot be opened is no backup. */
async function restoreElsewhere(
  { config, paths, target }: TakeOptions,
  directory: string,
): Promise<PreparedDatabase> {
  const to = await makeEmptyDirectory(join(target.drafts, 'database'))
  const { kind } = config.database
  const from = join(directory, inSnapshot.database)
  await copyDatabase({ kind, from, to, onProgress: () => undefined })
  return prepareDatabase({ config, paths: { ...paths, database: to } })
}

/** @throws {Failure} when a content that the records refer to is not in the target as long as it should be. */
function requireWhole(
  { store, hold }: TakeOptions,
  records: PreparedDatabase,
  { damaged }: Copied,
): void {
  requireSound(records)
  if (hold.hasLapsed() && damaged.length > 0)
    throw new Failure(
      'This run stood still for a minute, and the service removed contents meanwhile. Run it again: what was copied is not copied again.',
    )
  const excused = new Set(damaged)
  for (const { sha256, sizeBytes, isWhole } of records.storedContents()) {
    const found = store.sizeOf(sha256)
    const fits = found !== null && (isWhole ? found === sizeBytes : found >= sizeBytes)
    if (!fits && !excused.has(sha256))
      throw new Failure(
        `The content ${sha256} is not in the target as it should be. Run this again.`,
      )
  }
}

async function copyOtherFiles(
  { paths, store, options, progress }: TakeOptions,
  sums: SumsWriter,
): Promise<OtherFile[]> {
  const found = findOtherFiles(paths, options)
  progress.say(`Copying ${found.length} other files: keys, checks, models.`)
  const files: OtherFile[] = []
  for (const { path, from } of found) {
    const { sha256, sizeBytes } = await hashFile(from)
    if (store.sizeOf(sha256) !== sizeBytes && !(await store.add(from, sha256)))
      throw new Failure(`${from} was changed while it was copied. Run this again.`)
    await sums.addContent(sha256)
    files.push({ path, sizeBytes, sha256 })
  }
  return files
}

/** For people to compare with: a restore does not replace the program's own. */
async function copyConfiguration(directory: string): Promise<void> {
  const from = resolve(__dirname, '../../..', inSnapshot.configuration)
  if (existsSync(from)) await copyFile(from, join(directory, inSnapshot.configuration))
}

function manifestOf(
  { config, paths }: TakeOptions,
  parts: {
    takenAt: Date
    database: Hashed
    counts: DatabaseCounts
    copied: Copied
    files: OtherFile[]
  },
): Manifest {
  const { takenAt, database, counts, copied, files } = parts
  return {
    format: 1,
    program: readVersion(),
    host: hostname(),
    dataDirectory: paths.data,
    takenAt: takenAt.toISOString(),
    finishedAt: new Date().toISOString(),
    database: { kind: config.database.kind, ...database, ...counts },
    contents: { count: copied.count, sizeBytes: copied.sizeBytes, damaged: [...copied.damaged] },
    files,
  }
}
