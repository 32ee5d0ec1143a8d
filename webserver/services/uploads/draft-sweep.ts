import type { BlobStore } from '../../domain/blob-store'
import type { UploadRecords } from '../../domain/upload'
import { inBatches } from '../../platform/batches'

const batchMax = 100

/**
 * Removes the drafts that no upload continues and that nobody has written to for `ageMs`: a request
 * that is sending one writes all the time. Stops at the first error: what could not be read is not judged.
 * @returns how many.
 */
export async function sweepDrafts(
  {
    database,
    blobs,
  }: { database: { uploads: Pick<UploadRecords, 'draftsInUse'> }; blobs: BlobStore },
  ageMs: number,
): Promise<number> {
  let removed = 0
  for await (const batch of inBatches(blobs.listDrafts(), batchMax)) {
    const old = batch.filter(({ untouchedMs }) => untouchedMs >= ageMs).map(({ name }) => name)
    const inUse = await database.uploads.draftsInUse(old)
    const left = old.filter((name) => !inUse.has(name))
    for (const name of left) await blobs.removeDraft(name)
    removed += left.length
  }
  return removed
}
