import type { BlobStore } from '../domain/blob-store'
import type { Database } from '../domain/database'

export interface MaintenanceSettings {
  sweepIntervalMs: number
  /** Must be far longer than an upload takes from publishing its blob to committing it. */
  sweepAgeMs: number
  sessionIdleTimeoutMs: number
}

export interface MaintenanceDependencies {
  database: Pick<Database, 'blobs' | 'sessions'>
  blobs: BlobStore
  settings: MaintenanceSettings
  now: () => number
  /** Receives what stopped a pass; the next one comes in its time. */
  onBackgroundError: (error: unknown) => void
}

/** What a pass does at most, so that it never holds the writer or the disk for long. */
const batchMax = 100
const batchesMax = 50

/** Sweeps, now and then, contents that no file refers to any more, and sessions that have ended. One process runs it. */
export class MaintenanceService {
  private timer: NodeJS.Timeout | null = null
  private running: Promise<void> = Promise.resolve()

  constructor(private readonly use: MaintenanceDependencies) {}

  /** The first pass comes an interval after the start, each other an interval after the one before it ended. */
  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.pass()
        .catch(this.use.onBackgroundError)
        .finally(() => {
          if (this.timer !== null) this.start()
        })
    }, this.use.settings.sweepIntervalMs)
  }

  /** Resolves when the pass in hand has ended. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    await this.running
  }

  /** One bounded pass: both phases of `BlobRecords`, and sessions. Throws whatever stopped it. */
  async pass(): Promise<void> {
    await untilShort(() => this.condemn())
    await untilShort(() => this.forget())
    await untilShort(() => this.deleteSessions())
  }

  /**
   * A digest is unlinked only soon after it was condemned: a process that was stopped for so long that the record may
   * have been forgotten, and the content uploaded anew, must not unlink it then. While a backup copies, none is.
   */
  private async condemn(): Promise<number> {
    const { database, blobs, settings } = this.use
    const startedAt = performance.now()
    const nowMs = this.use.now()
    const beforeMs = nowMs - settings.sweepAgeMs
    // Asked after the time was read: what a hold taken from now on relies on lost no reference before then.
    if (await blobs.isHeld()) return 0
    const digests = await database.blobs.condemn({ beforeMs, nowMs, limit: batchMax })
    for (const sha256 of digests) {
      if (performance.now() - startedAt > settings.sweepAgeMs / 2) break
      await blobs.remove(sha256)
    }
    return digests.length
  }

  private async forget(): Promise<number> {
    const beforeMs = this.use.now() - this.use.settings.sweepAgeMs
    return this.use.database.blobs.forget({ beforeMs, limit: batchMax })
  }

  private async deleteSessions(): Promise<number> {
    const nowMs = this.use.now()
    const seenBeforeMs = nowMs - this.use.settings.sessionIdleTimeoutMs
    return this.use.database.sessions.deleteExpired({ nowMs, seenBeforeMs, limit: batchMax })
  }
}

/** Repeats a step while it finds full batches. */
async function untilShort(step: () => Promise<number>): Promise<void> {
  for (let times = 0; times < batchesMax; times++) if ((await step()) < batchMax) return
}

/** The records of blobs while nothing else has the data open. */
export interface ExclusiveBlobRecords {
  forgetUnreferencedBlobs(): Promise<number>
  referencedBlobs(sha256s: readonly string[]): Promise<Set<string>>
}

export interface CrashSweep {
  records: ExclusiveBlobRecords
  blobs: BlobStore
}

/**
 * Removes what uploads left when the service ended without warning: drafts, and contents without a file. Only while
 * nothing else runs on the data, which is why no age is waited for. Stops at the first error: what could not be read
 * is not judged. Contents that a backup may be copying stay until a later sweep.
 */
export async function sweepAfterCrash({
  records,
  blobs,
}: CrashSweep): Promise<{ drafts: number; contents: number }> {
  const drafts = await blobs.clearDrafts()
  if (await blobs.isHeld()) return { drafts, contents: 0 }
  // A record that outlived its blob would let the periodic sweep unlink a blob that an upload has just linked anew.
  await records.forgetUnreferencedBlobs()
  let contents = 0
  for await (const batch of batchesOf(blobs.list())) {
    const referenced = await records.referencedBlobs(batch)
    const orphans = batch.filter((sha256) => !referenced.has(sha256))
    for (const sha256 of orphans) await blobs.remove(sha256)
    contents += orphans.length
  }
  return { drafts, contents }
}

async function* batchesOf(digests: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = []
  for await (const sha256 of digests) {
    batch.push(sha256)
    if (batch.length < batchMax) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
