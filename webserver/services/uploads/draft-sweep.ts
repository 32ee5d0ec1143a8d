import type { BlobStore } from '../../domain/blob-store'
import type { UploadRecords } from '../../domain/upload'

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
  let names: string[] = []
  const judge = async () => {
    const inUse = await database.uploads.draftsInUse(names)
    const left = names.filter((name) => !inUse.has(name))
    for (const name of left) await blobs.removeDraft(name)
    removed += left.length
    names = []
  }
  for await (const { name, untouchedMs } of blobs.listDrafts()) {
    if (untouchedMs < ageMs) continue
    names.push(name)
    if (names.length === batchMax) await judge()
  }
  await judge()
  return removed
}
