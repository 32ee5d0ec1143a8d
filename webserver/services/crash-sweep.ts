import type { BlobStore } from '../domain/blob-store'
import { inBatches } from '../platform/batches'
import { sweepDrafts } from './uploads/draft-sweep'

/** Digests that are judged together. */
const batchMax = 100

/** The records of blobs while nothing else has the data open. */
export interface ExclusiveBlobRecords {
  forgetUnreferencedBlobs(): Promise<number>
  referencedBlobs(sha256s: readonly string[]): Promise<Set<string>>
  /** Gives back what uploads of single requests had reserved: none of them is running. */
  abandonRequests(): Promise<number>
  draftsInUse(names: readonly string[]): Promise<Set<string>>
}

export interface CrashSweep {
  records: ExclusiveBlobRecords
  blobs: BlobStore
}

/**
 * Removes what uploads left when the service ended without warning: drafts that no upload continues, and contents without
 * a file. Only while nothing else runs on the data, which is why no age is waited for. Stops at the first error: what could not be read
 * is not judged. Contents that a backup may be copying stay until a later sweep.
 */
export async function sweepAfterCrash({
  records,
  blobs,
}: CrashSweep): Promise<{ drafts: number; contents: number }> {
  await records.abandonRequests()
  const drafts = await sweepDrafts({ database: { uploads: records }, blobs }, -Infinity)
  if (await blobs.isHeld()) return { drafts, contents: 0 }
  // A record that outlived its blob would let the periodic sweep unlink a blob that an upload has just linked anew.
  await records.forgetUnreferencedBlobs()
  let contents = 0
  for await (const batch of inBatches(blobs.list(), batchMax)) {
    const referenced = await records.referencedBlobs(batch)
    const orphans = batch.filter((sha256) => !referenced.has(sha256))
    for (const sha256 of orphans) await blobs.remove(sha256)
    contents += orphans.length
  }
  return { drafts, contents }
}
