import { setTimeout as delay } from 'node:timers/promises'
import type { BlobStore } from '../domain/blob-store'
import { firstContentPosition, type ContentPosition } from '../domain/content-use'
import type { Database } from '../domain/database'
import { walkRecords, walkStore, type DamagedContent } from './store-walk'

export interface StoreCheckSettings {
  storeCheckIntervalMs: number
  /** Blobs and contents looked at in a second. */
  storeCheckPerSecond: number
  sweepAgeMs: number
}

export interface StoreCheckDependencies {
  database: Pick<Database, 'blobs' | 'contentUses'>
  blobs: BlobStore
  settings: StoreCheckSettings
  now: () => number
  /** What the last whole check found. */
  onChecked: (report: StoreCheckReport) => void
  /** A content that is promised and not there: a person must hear of it. */
  onDamaged: (damage: DamagedContent) => void
  /** What stopped a check; the next one goes on where it was. */
  onBackgroundError: (error: unknown) => void
}

export interface StoreCheckReport {
  /** Blobs that no record knew; the sweep comes to them an age later. */
  adopted: number
  /** Entries of the store that are no blobs; they are left alone. */
  foreign: number
  damaged: number
}

const nothing: StoreCheckReport = { adopted: 0, foreign: 0, damaged: 0 }
// As in store-walk.ts: what one step looks at.
const stepMax = 100

/**
 * Compares the store with the records in both directions, slowly, now and then. Blobs that no record knows are recorded,
 * so that the sweep removes them in its two phases; records whose blobs are missing are told of and never touched. A
 * read error ends the check where it is. One process runs it.
 */
export class StoreCheck {
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private found = { ...nothing }
  /** Where the check goes on; the disk comes first. */
  private store: string | null = ''
  private records: ContentPosition | null = firstContentPosition

  constructor(private readonly use: StoreCheckDependencies) {}

  /** The first check comes an interval after the start, each other an interval after the one before it ended. */
  start(): void {
    this.running = this.repeat().catch(() => undefined)
  }

  /** Resolves when the step in hand has ended. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }

  /** One whole check, or what is left of the one that was stopped. Throws whatever stops it. */
  async check(): Promise<StoreCheckReport> {
    await this.checkStore()
    await this.checkRecords()
    const report = this.found
    this.found = { ...nothing }
    this.store = ''
    this.records = firstContentPosition
    this.use.onChecked(report)
    return report
  }

  private async repeat(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      await delay(this.use.settings.storeCheckIntervalMs, undefined, { signal })
      await this.check().catch((error: unknown) => {
        if (!signal.aborted) this.use.onBackgroundError(error)
      })
    }
  }

  private async checkStore(): Promise<void> {
    if (this.store === null) return
    const { blobs, database, settings, now } = this.use
    const changedBeforeMs = now() - settings.sweepAgeMs
    const from = { after: this.store, changedBeforeMs }
    for await (const { after, unknown, foreign, seen } of walkStore(blobs, database, from)) {
      const sha256s = unknown.map(({ name }) => name)
      if (sha256s.length > 0)
        this.found.adopted += await database.blobs.adopt({ sha256s, nowMs: now() })
      this.found.foreign += foreign.length
      this.store = after
      await this.pace(seen)
    }
    this.store = null
  }

  private async checkRecords(): Promise<void> {
    if (this.records === null) return
    const { blobs, database, onDamaged } = this.use
    for await (const { next, damaged, seen } of walkRecords(blobs, database, this.records)) {
      damaged.forEach(onDamaged)
      this.found.damaged += damaged.length
      this.records = next
      await this.pace(seen)
    }
  }

  /** @throws when the check is to stop. */
  private async pace(seen: number): Promise<void> {
    const waitMs = (Math.min(seen, stepMax) * 1000) / this.use.settings.storeCheckPerSecond
    await delay(waitMs, undefined, { signal: this.stopping.signal })
  }
}
