import { setTimeout as delay } from 'node:timers/promises'
import type { BlobStore } from '../domain/blob-store'
import { extentsOf } from '../domain/content'
import type { Database, ScatteredContent } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'
import { noTiming } from '../domain/timing'
import { readExtents } from './open-content'

export interface CompactionSettings {
  /** A content in several extents becomes one blob when it is so old; one of many, sooner. */
  compactAfterMs: number
  compactCrowdedAfterMs: number
  compactCrowdedExtents: number
  /** What one pass writes, at most, unless a single content is larger. */
  compactBytesMax: number
}

export interface CompactionDependencies {
  database: Pick<Database, 'contents' | 'blobs'>
  blobs: BlobStore
  settings: CompactionSettings
  now: () => number
}

const batchMax = 100
const attemptsMax = 8
const pauseMs = 20

/**
 * Makes one blob of contents that were written in parts and rest by now: then nginx sends them, their digest is known, and
 * what was overwritten in them is let go. Readers see no difference: bytes and tag stay, and what the content was made of
 * is swept only after `files.sweepAgeMs`.
 */
export class CompactionService {
  private stopped = false

  constructor(private readonly use: CompactionDependencies) {}

  /** One bounded pass, oldest first. @returns how many contents became one blob. Throws whatever stopped it. */
  async pass(): Promise<number> {
    const { settings, database } = this.use
    const due = await database.contents.scattered({
      beforeMs: this.use.now() - settings.compactAfterMs,
      crowdedBeforeMs: this.use.now() - settings.compactCrowdedAfterMs,
      crowdedExtents: settings.compactCrowdedExtents,
      limit: batchMax,
    })
    let compacted = 0
    let bytesLeft = settings.compactBytesMax
    for (const content of due) {
      bytesLeft -= content.sizeBytes
      if (this.stopped || (bytesLeft < 0 && compacted > 0)) break
      if (await this.compact(content)) compacted++
    }
    return compacted
  }

  /** The pass in hand ends with the content in hand, or in the middle of it. */
  stop(): void {
    this.stopped = true
  }

  /** @returns false when the content was replaced meanwhile. */
  private async compact(content: ScatteredContent): Promise<boolean> {
    const draft = await this.use.blobs.createDraft(noTiming)
    try {
      for await (const chunk of readExtents(this.use.blobs, extentsOf(content))) {
        if (this.stopped) return false
        await draft.write(chunk)
      }
      const { sha256 } = await draft.seal()
      return await this.commit(content, sha256, () => draft.publish())
    } finally {
      await draft.discard()
    }
  }

  /** Repeats when the blob was found on disk and is just being swept. */
  private async commit(
    { fileId, version, etag }: ScatteredContent,
    sha256: string,
    publish: () => Promise<{ linked: boolean }>,
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const { linked } = await publish()
      const nowMs = this.use.now()
      const args = { fileId, version, etag, sha256, nowMs, linked: linked ? [sha256] : [] }
      const outcome = await this.use.database.contents
        .compact(args)
        .catch((error: unknown) => toRepeat(error))
      if (linked && outcome === false) await this.use.database.blobs.recordOrphan({ sha256, nowMs })
      if (!(outcome instanceof AppError)) return outcome
      if (attempt === attemptsMax) throw outcome
      await delay(pauseMs * attempt)
    }
  }
}

function toRepeat(error: unknown): AppError {
  if (isAppError(error, 'unavailable') && error.field === 'sha256') return error
  throw error
}
