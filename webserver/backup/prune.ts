import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../blobs/disk/directories'
import type { ContentStore } from './content-store'
import { contentsOfSnapshot } from './sums'
import { listSnapshots, type Target } from './target'
import type { TargetLock } from './target-lock'

export interface Pruned {
  snapshots: string[]
  contents: number
  sizeBytes: number
}

export interface PruneOptions {
  target: Target
  store: ContentStore
  lock: TargetLock
  /** The newest so many stay. */
  keep: number
}

/**
 * Deletes the oldest snapshots and then what no snapshot uses any more. Stops at any read error: what could not be read
 * may be in use.
 */
export async function prune({ target, store, lock, keep }: PruneOptions): Promise<Pruned> {
  lock.requireOurs()
  const snapshots = listSnapshots(target)
  const old = snapshots.slice(0, Math.max(0, snapshots.length - keep))
  for (const { name, directory } of old) await deleteSnapshot(target, { name, directory })
  const used = new Set<string>()
  for (const { directory, manifest } of listSnapshots(target)) {
    for await (const sha256 of contentsOfSnapshot(directory)) used.add(sha256)
    for (const { sha256 } of manifest.files) used.add(sha256)
  }
  const removed = await removeUnused(store, used)
  return { snapshots: old.map(({ name }) => name), ...removed }
}

/** It is no snapshot any more before the first of its files is gone. */
async function deleteSnapshot(
  { snapshots }: Target,
  { name, directory }: { name: string; directory: string },
): Promise<void> {
  const leaving = join(snapshots, `${name}.deleted`)
  await rename(directory, leaving)
  await syncDirectory(snapshots)
  await rm(leaving, { recursive: true })
}

async function removeUnused(
  store: ContentStore,
  used: ReadonlySet<string>,
): Promise<{ contents: number; sizeBytes: number }> {
  let contents = 0
  let sizeBytes = 0
  for await (const sha256 of store.list()) {
    if (used.has(sha256)) continue
    sizeBytes += store.sizeOf(sha256) ?? 0
    await store.remove(sha256)
    contents++
  }
  return { contents, sizeBytes }
}
