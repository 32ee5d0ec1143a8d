import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../blobs/disk/directories'
import { takeHold } from '../blobs/disk/holds'
import { pathsOf, type Paths } from '../config/paths'
import type { Config } from '../config/schema'
import { hasDatabase } from '../database/copy-database'
import { removeDamaged } from './check-target'
import { ContentStore } from './content-store'
import { Failure } from './failure'
import type { BackupOptions } from './options'
import type { Progress } from './progress'
import { prune, type Pruned } from './prune'
import { takeSnapshot, type SnapshotTaken } from './take-snapshot'
import { listSnapshots, targetAt, type Target } from './target'
import { TargetLock } from './target-lock'

export interface BackupSummary {
  target: string
  /** Null when only pruning was asked for. */
  snapshot: SnapshotTaken | null
  /** What was found damaged in the target, and could be copied anew only as far as the data still have it. */
  damagedInTarget: readonly string[]
  pruned: Pruned | null
  durationMs: number
}

/** @throws {Failure} and whatever the disk says. */
export async function runBackup(
  config: Config,
  options: BackupOptions,
  progress: Progress,
): Promise<BackupSummary> {
  const startedAtMs = performance.now()
  const paths = pathsOf(config)
  const target = targetAt(options.target)
  requireApart(paths, target)
  if (options.pruneOnly) requireSnapshots(target)
  const own = options.pruneOnly ? config : forThisProcess(config)
  await makeDirectory(target.snapshots)
  const lock = TargetLock.take(target.lock)
  try {
    const store = new ContentStore(target)
    await store.prepare()
    await clearUnfinished(target)
    const damagedInTarget = options.verify ? await removeDamaged(store, progress) : []
    const use = { config: own, paths, target, store, lock, progress, options }
    const snapshot = options.pruneOnly
      ? null
      : await underHold(paths, (hold) => takeSnapshot({ ...use, hold }))
    const pruned =
      options.keep === null ? null : await prune({ target, store, lock, keep: options.keep })
    const durationMs = Math.round(performance.now() - startedAtMs)
    return { target: target.root, snapshot, damagedInTarget, pruned, durationMs }
  } finally {
    lock.release()
  }
}

/** While it is held, the service removes no content. */
async function underHold<T>(
  { holds }: Paths,
  work: (hold: { hasLapsed(): boolean }) => Promise<T>,
): Promise<T> {
  const hold = await takeHold(holds)
  try {
    return await work(hold)
  } finally {
    await hold.release()
  }
}

/**
 * The settings for this process, which is one alone. The kind of database is the one that is there.
 * @throws {Failure} when there is none.
 */
function forThisProcess(config: Config): Config {
  const { data, database } = pathsOf(config)
  const kinds = [config.database.kind, 'sqlite', 'debug'] as const
  const kind = kinds.find((each) => hasDatabase(database, each))
  if (kind === undefined)
    throw new Failure(
      `There is no database in ${data}: say where the service has its data with --data DIR.`,
    )
  return {
    ...config,
    cluster: { ...config.cluster, workers: 1 },
    database: { ...config.database, kind },
  }
}

/** A name that was mistyped should not become an empty target. */
function requireSnapshots(target: Target): void {
  if (listSnapshots(target).length > 0) return
  throw new Failure(`There is no snapshot in ${target.root}.`)
}

/** A backup within the data would back itself up, and go with what it should outlive. */
function requireApart({ data }: Paths, { root }: Target): void {
  const within = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`)
  if (!within(root, data) && !within(data, root)) return
  throw new Failure(
    `The target ${root} and the data directory ${data} must not be one within the other.`,
  )
}

/** What a run that was ended left: no draft is worth anything, and a snapshot without its manifest is none. */
async function clearUnfinished({ drafts, snapshots }: Target): Promise<void> {
  await rm(drafts, { recursive: true, force: true })
  await mkdir(drafts, { mode: 0o700 })
  for (const name of await readdir(snapshots))
    if (/\.(unfinished|deleted)$/.test(name)) await rm(join(snapshots, name), { recursive: true })
}
