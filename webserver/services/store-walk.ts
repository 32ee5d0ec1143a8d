import type { BlobStore, StoredBlob } from '../domain/blob-store'
import {
  blobNeedsOf,
  type BlobNeed,
  type ContentPosition,
  type ContentUseRecords,
  type ContentUse,
} from '../domain/content-use'
import type { BlobRecords } from '../domain/database'
import { inBatches } from '../platform/batches'

/** What the records must be able to say. */
export interface WalkedRecords {
  blobs: Pick<BlobRecords, 'known' | 'referenced'>
  contentUses: ContentUseRecords
}

/** A content that is promised and cannot be read as promised. */
export interface DamagedContent {
  use: ContentUse
  sha256: string
  /** How long the blob is on the disk; null when it is not there. */
  foundBytes: number | null
  neededBytes: number
}

export interface StoreStep {
  /** Where the walk goes on. */
  after: string
  seen: number
  /** Of everything in this step that is a blob. */
  names: string[]
  /** Blobs that no record knows. */
  unknown: StoredBlob[]
  /** What is no blob at all: put there by hand, or by something else. */
  foreign: StoredBlob[]
}

export interface RecordStep {
  next: ContentPosition | null
  seen: number
  uses: ContentUse[]
  damaged: DamagedContent[]
}

const batchMax = 100
const digest = /^[0-9a-f]{64}$/

/**
 * From the disk to the records, in steps of at most 100 entries. What changed at `changedBeforeMs` or later is not
 * judged: an upload may be about to record it. Throws on any read error.
 */
export async function* walkStore(
  blobs: Pick<BlobStore, 'inspect'>,
  records: Pick<WalkedRecords, 'blobs'>,
  { after, changedBeforeMs }: { after: string; changedBeforeMs: number },
): AsyncGenerator<StoreStep> {
  for await (const batch of inBatches(blobs.inspect(after), batchMax))
    yield await judge(batch, records, changedBeforeMs)
}

async function judge(
  batch: readonly StoredBlob[],
  { blobs }: Pick<WalkedRecords, 'blobs'>,
  changedBeforeMs: number,
): Promise<StoreStep> {
  const isBlob = ({ name, isFile }: StoredBlob) => isFile && digest.test(name)
  const old = batch.filter((one) => isBlob(one) && one.changedAtMs < changedBeforeMs)
  const known = await blobs.known(old.map(({ name }) => name))
  return {
    after: batch.at(-1)!.name,
    seen: batch.length,
    names: batch.filter(isBlob).map(({ name }) => name),
    unknown: old.filter(({ name }) => !known.has(name)),
    foreign: batch.filter((one) => !isBlob(one)),
  }
}

/** From the records to the disk, in steps of at most 100 contents. Throws on any read error. */
export async function* walkRecords(
  blobs: Pick<BlobStore, 'sizeOf'>,
  records: WalkedRecords,
  from: ContentPosition,
): AsyncGenerator<RecordStep> {
  for (let next: ContentPosition | null = from; next !== null;) {
    const page = await records.contentUses.list({ from: next, limit: batchMax })
    const damaged: DamagedContent[] = []
    for (const use of page.uses) damaged.push(...(await damageOf(blobs, records, use)))
    next = page.next
    yield { next, seen: page.uses.length, uses: page.uses, damaged }
  }
}

async function damageOf(
  blobs: Pick<BlobStore, 'sizeOf'>,
  records: WalkedRecords,
  use: ContentUse,
): Promise<DamagedContent[]> {
  const damaged: DamagedContent[] = []
  for (const need of blobNeedsOf(use)) {
    const foundBytes = await blobs.sizeOf(need.sha256)
    if (suffices(need, foundBytes)) continue
    // Deleted and swept since it was listed: then nothing refers to it any more.
    const stillUsed = await records.blobs.referenced([need.sha256])
    const { sha256, sizeBytes: neededBytes } = need
    if (stillUsed.has(sha256)) damaged.push({ use, sha256, foundBytes, neededBytes })
  }
  return damaged
}

function suffices({ isWhole, sizeBytes }: BlobNeed, foundBytes: number | null): boolean {
  if (foundBytes === null) return false
  return isWhole ? foundBytes === sizeBytes : foundBytes >= sizeBytes
}
