import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../blobs/disk/directories'
import { pathsOf, type Paths } from '../config/paths'
import { configSchema, type Config } from '../config/schema'
import { databaseFileOf } from '../database/copy-database'
import { prepareDatabase } from '../database/open-database'
import type { PreparedDatabase } from '../database/prepared-database'
import { ContentStore, copyDurably } from './content-store'
import { makeEmptyDirectory, writeDurably } from './durable-files'
import { codeOf, Failure } from './failure'
import { inLanes } from './lanes'
import type { RestoreOptions } from './options'
import { bytesText, type Progress } from './progress'
import { requireSound } from './require-sound'
import { restoreOtherFiles } from './restore-other-files'
import { inSnapshot, listSnapshots, targetAt, type Snapshot } from './target'
import { TargetLock } from './target-lock'

export interface RestoreSummary {
  snapshot: Snapshot
  dataDirectory: string
  /** Contents that are not in what was restored: damaged or missing in the backup. */
  damaged: readonly string[]
  /** Of them, those that the snapshot said so of itself. */
  knownDamaged: number
  uploadsForgotten: number
  durationMs: number
}

interface Restore {
  snapshot: Snapshot
  from: ContentStore
  into: ContentStore
  config: Config
  paths: Paths
  progress: Progress
}

const laneCount = 8
const markerName = 'restore.json'
const lockName = 'restore.lock'

/** @throws {Failure} and whatever the disk says. */
export async function runRestore(
  options: RestoreOptions & { to: string },
  progress: Progress,
): Promise<RestoreSummary> {
  const startedAtMs = performance.now()
  const target = targetAt(options.target)
  const snapshot = chooseSnapshot(listSnapshots(target), options.snapshot)
  const { kind } = snapshot.manifest.database
  const config = configSchema.parse({
    data: { directory: options.to },
    database: { kind },
    ...(kind === 'debug' ? { cluster: { workers: 1 } } : {}),
  })
  const paths = pathsOf(config)
  requireEmpty(paths.data, snapshot)
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  const lock = TargetLock.take(join(paths.data, lockName))
  try {
    await writeDurably(join(paths.data, markerName), JSON.stringify({ snapshot: snapshot.name }))
    const [from, into] = [new ContentStore(target), new ContentStore(paths)]
    await into.prepare()
    const use = { snapshot, from, into, config, paths, progress }
    await requireRoom(use)
    const { damaged, uploadsForgotten } = await restoreAll(use)
    await rm(join(paths.data, markerName))
    await syncDirectory(paths.data)
    return {
      ...{ snapshot, dataDirectory: paths.data, damaged, uploadsForgotten },
      knownDamaged: snapshot.manifest.contents.damaged.length,
      durationMs: Math.round(performance.now() - startedAtMs),
    }
  } finally {
    lock.release()
  }
}

function chooseSnapshot(snapshots: readonly Snapshot[], wanted: string | null): Snapshot {
  const latest = snapshots.at(-1)
  if (latest === undefined)
    throw new Failure('There is no snapshot in that directory. Is it the target of npm run backup?')
  if (wanted === null) return latest
  const [found, another] = snapshots.filter(({ name }) => name.startsWith(wanted))
  if (found !== undefined && another === undefined) return found
  const names = snapshots.map(({ name }) => `  ${name}`).join('\n')
  const what = found === undefined ? 'No snapshot begins' : 'More than one snapshot begins'
  throw new Failure(`${what} with "${wanted}". There are:\n${names}`)
}

/** Nothing there is ever replaced. What an ended restore of the same snapshot left is gone on with. */
function requireEmpty(directory: string, { name }: Snapshot): void {
  const found = namesIn(directory)
  if (found.length === 0) return
  const begun = found.includes(markerName) && !found.includes('database')
  if (begun && readFileSync(join(directory, markerName), 'utf8').includes(`"${name}"`)) return
  if (found.includes('primary.json'))
    throw new Failure(
      `A server runs on ${directory}, or did until it was killed. A restore replaces nothing: choose another directory.`,
    )
  throw new Failure(
    `${directory} is not empty. A restore replaces nothing: choose another directory, or move that one away.`,
  )
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * The records come first, since they tell which contents are needed, and get their place last: a directory without a
 * database is not taken for a whole one.
 */
async function restoreAll(use: Restore): Promise<{ damaged: string[]; uploadsForgotten: number }> {
  const { config, paths, snapshot } = use
  const unfinished = join(paths.data, 'database.unfinished')
  await copyRecords(use, await makeEmptyDirectory(unfinished))
  const records = await prepareDatabase({ config, paths: { ...paths, database: unfinished } })
  try {
    // A record without its content would let a sweep remove the same content when it is uploaded anew.
    await records.forgetUnreferencedBlobs()
    const uploadsForgotten = await records.forgetUploads()
    requireSound(records)
    const damaged = await restoreContents(use, records)
    await restoreOtherFiles({ ...use, files: snapshot.manifest.files })
    await records.close()
    await rename(unfinished, paths.database)
    return { damaged, uploadsForgotten }
  } catch (error) {
    await records.close()
    throw error
  }
}

async function copyRecords({ snapshot, progress }: Restore, to: string): Promise<void> {
  const { kind, sha256 } = snapshot.manifest.database
  const name = databaseFileOf(kind)
  progress.say('Restoring the database.')
  const from = join(snapshot.directory, inSnapshot.database, name)
  const copied = await copyDurably(from, join(to, name))
  await syncDirectory(to)
  if (copied.sha256 === sha256) return
  throw new Failure(
    `The database of the snapshot ${snapshot.name} is damaged. Restore another one: npm run restore -- <target> lists them.`,
  )
}

/** @returns the digests of what the backup has not, or not as it should be. */
async function restoreContents(
  { snapshot, from, into, progress }: Restore,
  records: PreparedDatabase,
): Promise<string[]> {
  const { sizeBytes: totalBytes, count: totalCount } = snapshot.manifest.contents
  const damaged: string[] = []
  progress.begin({ what: 'Restoring contents', totalBytes, totalCount })
  await inLanes(records.storedContents(), laneCount, async ({ sha256 }) => {
    const sizeBytes = from.sizeOf(sha256)
    const isThere = sizeBytes !== null && into.sizeOf(sha256) === sizeBytes
    if (!isThere && (sizeBytes === null || !(await into.add(from.pathOf(sha256), sha256))))
      damaged.push(sha256)
    progress.add({ sizeBytes: sizeBytes ?? 0, count: 1 })
  })
  progress.end()
  await into.sync()
  return damaged
}

async function requireRoom({ snapshot, paths }: Restore): Promise<void> {
  const { contents, database, files } = snapshot.manifest
  const neededBytes = [contents, database, ...files].reduce((sum, part) => sum + part.sizeBytes, 0)
  const { bavail, bsize } = await statfs(paths.data)
  if (neededBytes <= bavail * bsize) return
  throw new Failure(
    `${paths.data} has ${bytesText(bavail * bsize)} free and the snapshot needs ${bytesText(neededBytes)}. Restore it to a larger disk.`,
  )
}
