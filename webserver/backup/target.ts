import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf, Failure } from './failure'
import { manifestSchema, type Manifest } from './manifest'

/** Where a backup is. Names only: nothing is created here. */
export interface Target {
  root: string
  /** The contents of all snapshots, as in a data directory. */
  blobs: string
  drafts: string
  snapshots: string
  lock: string
}

export interface Snapshot {
  /** The time at which it was taken, in UTC. */
  name: string
  directory: string
  manifest: Manifest
}

/** What is in a snapshot's directory. */
export const inSnapshot = {
  database: 'database',
  sums: 'SHA256SUMS',
  manifest: 'manifest.json',
  configuration: 'cluster.config.ts',
} as const

const nameShape = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/

export function targetAt(directory: string): Target {
  const root = resolve(directory)
  return {
    root,
    blobs: join(root, 'blobs'),
    drafts: join(root, 'drafts'),
    snapshots: join(root, 'snapshots'),
    lock: join(root, 'backup.lock'),
  }
}

/** `2026-11-25T03-00-00.000Z`: in the order of time, and a name on every file system. */
export function snapshotNameOf(time: Date): string {
  return time.toISOString().replaceAll(':', '-')
}

/** The whole snapshots, oldest first. What has no manifest was never finished. */
export function listSnapshots({ root, snapshots }: Target): Snapshot[] {
  if (!existsSync(root)) throw new Failure(`There is no directory ${root}.`)
  return snapshotNamesIn(snapshots).map((name) => readSnapshot(join(snapshots, name), name))
}

function snapshotNamesIn(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => nameShape.test(name))
    return names.filter((name) => existsSync(join(directory, name, inSnapshot.manifest))).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

function readSnapshot(directory: string, name: string): Snapshot {
  const path = join(directory, inSnapshot.manifest)
  try {
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return { name, directory, manifest }
  } catch (error) {
    throw new Failure(
      `${path} cannot be read: it is damaged, or a newer version of this program wrote it.`,
      { cause: error },
    )
  }
}
