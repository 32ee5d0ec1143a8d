import { type ContentStore, hashFile } from './content-store'
import { inLanes } from './lanes'
import type { Progress } from './progress'

const laneCount = 4

/**
 * Reads everything that the target has and removes what is not what its name says, so that it is copied anew where the
 * data still have it. @returns the digests of what was removed.
 */
export async function removeDamaged(store: ContentStore, progress: Progress): Promise<string[]> {
  const digests: string[] = []
  let totalBytes = 0
  for await (const sha256 of store.list()) {
    digests.push(sha256)
    totalBytes += store.sizeOf(sha256) ?? 0
  }
  const damaged: string[] = []
  progress.begin({ what: 'Reading the target again', totalBytes, totalCount: digests.length })
  await inLanes(digests, laneCount, async (sha256) => {
    const { sha256: real, sizeBytes } = await hashFile(store.pathOf(sha256))
    progress.add({ sizeBytes, count: 1 })
    if (real === sha256) return
    damaged.push(sha256)
    await store.remove(sha256)
  })
  progress.end()
  return damaged
}
