import type { BlobStore } from '../domain/blob-store'
import type { BlobRecords, Database } from '../domain/database'

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

  start(): void {
    const { settings, onBackgroundError } = this.use
    this.timer = setTimeout(() => {
      this.running = this.pass()
        .catch(onBackgroundError)
        .finally(() => {
          if (this.timer !== null) this.start()
        })
    }, settings.sweepIntervalMs)
  }

  /** Resolves when the pass in hand has ended. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    await this.running
  }

  /** One bounded pass. @throws whatever stopped it. */
  async pass(): Promise<void> {
    await upTo(batchesMax, () => this.condemn())
    await upTo(batchesMax, () => this.forget())
    await upTo(batchesMax, () => this.deleteSessions())
  }

  /**
   * Phase one. A digest is unlinked only soon after it was condemned: a process that was stopped for so long that the
   * row may have been forgotten, and the content uploaded anew, must not unlink it then.
   */
  private async condemn(): Promise<number> {
    const { database, blobs, settings } = this.use
    const startedAt = performance.now()
    const nowMs = this.use.now()
    const beforeMs = nowMs - settings.sweepAgeMs
    const digests = await database.blobs.condemn({ beforeMs, nowMs, limit: batchMax })
    for (const sha256 of digests) {
      if (performance.now() - startedAt > settings.sweepAgeMs / 2) break
      await blobs.remove(sha256)
    }
    return digests.length
  }

  /** Phase two, an age later. */
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
async function upTo(timesMax: number, step: () => Promise<number>): Promise<void> {
  for (let times = 0; times < timesMax; times++) if ((await step()) < batchMax) return
}

export interface CrashSweep {
  database: { blobs: BlobRecords }
  blobs: BlobStore
  now: () => number
}

const neverMs = Number.MAX_SAFE_INTEGER

/**
 * Removes what uploads left when the service ended without warning: drafts, and contents without a file. Only while
 * nothing else runs on the data, which is why no age is waited for. Stops at the first error: what could not be read
 * is not judged.
 */
export async function sweepAfterCrash(
  use: CrashSweep,
): Promise<{ drafts: number; contents: number }> {
  const drafts = await use.blobs.clearDrafts()
  // A record without references whose blob is gone would let the periodic sweep unlink a blob that was just linked
  // anew; so records go with their blobs.
  while ((await use.database.blobs.condemn(allOf(use))).length === batchMax);
  while ((await use.database.blobs.forget({ beforeMs: neverMs, limit: batchMax })) === batchMax);
  let contents = 0
  for await (const batch of batchesOf(use.blobs.list())) contents += await removeOrphans(use, batch)
  return { drafts, contents }
}

function allOf({ now }: CrashSweep) {
  return { beforeMs: neverMs, nowMs: now(), limit: batchMax }
}

async function removeOrphans({ database, blobs }: CrashSweep, batch: string[]): Promise<number> {
  const referenced = await database.blobs.referenced(batch)
  const orphans = batch.filter((sha256) => !referenced.has(sha256))
  for (const sha256 of orphans) await blobs.remove(sha256)
  return orphans.length
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
