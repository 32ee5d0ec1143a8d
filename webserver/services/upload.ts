import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { roomOf, viewerOf, type Caller } from '../domain/account'
import type { BlobDraft, BlobStore } from '../domain/blob-store'
import { wholeBlob } from '../domain/content'
import type { Database, FileCommit } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'
import { conditionHolds, type FileCondition, type FileKey, type StoredFile } from '../domain/file'
import type { Timing } from '../domain/timing'
import { requireOwner, requireRight } from './access'

export interface UploadSettings {
  uploadBytesMax: number
  uploadsInFlightMax: number
  /** Earlier versions that each file keeps. */
  versionsKept: number
}

export interface UploadDependencies {
  database: Database
  blobs: BlobStore
  settings: UploadSettings
  now: () => number
}

/** A content on its way to a file. Names and types are checked already. */
export interface Upload {
  key: FileKey
  contentType: string
  condition: FileCondition
  /** What the sender says the body's length is; null when it does not say. */
  declaredBytes: number | null
  /** Called once, when the upload is admitted: no byte is asked for before. Throws `AppError` when the body ends early. */
  openBody(): AsyncIterable<Buffer>
}

export interface UploadResult {
  file: StoredFile
  created: boolean
}

/** How many bytes an upload may have, and which limit that is. */
interface Room {
  bytesMax: number
  refusal: () => AppError
}

const commitAttemptsMax = 8
const commitDelayMs = 20

/**
 * The one way of a content into the store, whatever the door (DESIGN D5): cheap checks, stream, seal, publish, commit.
 * An upload that fails anywhere leaves nothing but, at worst, a blob for the sweep.
 */
export class Uploads {
  private inFlight = 0

  constructor(private readonly use: UploadDependencies) {}

  /**
   * @throws {AppError} before the body is asked for: `not_found`, `precondition_failed`, `too_large`, `quota_exceeded`,
   * `unavailable` when too many uploads are in hand; and any of them later, since the commit decides.
   */
  async run(caller: Caller, upload: Upload, timing: Timing): Promise<UploadResult> {
    if (this.inFlight >= this.use.settings.uploadsInFlightMax)
      throw new AppError('unavailable', 'Too many uploads are in hand', { retryAfterS: 1 })
    this.inFlight++
    try {
      return await this.store(caller, upload, timing)
    } finally {
      this.inFlight--
    }
  }

  private async store(caller: Caller, upload: Upload, timing: Timing): Promise<UploadResult> {
    const startedAt = timing.now()
    const room = await this.admit(caller, upload)
    timing.end('database', startedAt)
    const draft = await this.use.blobs.createDraft(timing)
    try {
      await fill(draft, upload, { room, timing })
      const content = await draft.seal()
      return await this.commit(caller, { upload, draft, content }, timing)
    } finally {
      await draft.discard()
    }
  }

  /** What can be refused before the body is sent. It is decided once more, exactly, by the commit. */
  private async admit(caller: Caller, upload: Upload): Promise<Room> {
    const { key, condition, declaredBytes } = upload
    const { database, settings } = this.use
    const viewer = viewerOf(caller, this.use.now())
    await requireRight(database, viewer, { key, needed: 'edit' })
    const [owner, current] = await Promise.all([
      requireOwner(database, key.owner),
      database.files.find(viewer, key),
    ])
    if (!conditionHolds(condition, current?.etag ?? null))
      throw new AppError('precondition_failed', 'The file is not what the condition asks for')
    const quotaLeftBytes = roomOf(owner) + (current?.sizeBytes ?? 0)
    const room = limitOf(settings.uploadBytesMax, Math.max(0, quotaLeftBytes))
    if (declaredBytes !== null && declaredBytes > room.bytesMax) throw room.refusal()
    return room
  }

  private async commit(
    caller: Caller,
    sealed: {
      upload: Upload
      draft: BlobDraft
      content: { sha256: string; sizeBytes: number }
    },
    timing: Timing,
  ): Promise<UploadResult> {
    const { key, contentType, condition } = sealed.upload
    const { sha256, sizeBytes } = sealed.content
    const args = {
      id: randomUUID(),
      key,
      contentType,
      condition,
      metadata: null,
      ...wholeBlob(sha256, sizeBytes),
      versionsKept: this.use.settings.versionsKept,
      upload: null,
    }
    for (let attempt = 1; ; attempt++) {
      const { linked } = await sealed.draft.publish()
      const startedAt = timing.now()
      const result = await this.tryCommit(caller, {
        ...args,
        nowMs: this.use.now(),
        linked: linked ? [sha256] : [],
      })
      timing.end('commit', startedAt)
      if (!(result instanceof AppError)) return result
      if (attempt === commitAttemptsMax) throw result
      await delay(commitDelayMs * attempt)
    }
  }

  /** @returns the error when the content found on disk is just being swept; then it is published and committed anew. */
  private async tryCommit(caller: Caller, commit: FileCommit): Promise<UploadResult | AppError> {
    try {
      return await this.use.database.files.commit(viewerOf(caller, commit.nowMs), commit)
    } catch (error) {
      if (isAppError(error, 'unavailable') && error.field === 'sha256') return error
      for (const sha256 of commit.linked) await this.recordOrphan(sha256)
      throw error
    }
  }

  /** Should this fail too, the blob is found at the next start. */
  private async recordOrphan(sha256: string): Promise<void> {
    const nowMs = this.use.now()
    await this.use.database.blobs.recordOrphan({ sha256, nowMs }).catch(() => undefined)
  }
}

function limitOf(uploadBytesMax: number, quotaLeftBytes: number): Room {
  if (uploadBytesMax <= quotaLeftBytes)
    return {
      bytesMax: uploadBytesMax,
      refusal: () => new AppError('too_large', `An upload has at most ${uploadBytesMax} bytes`),
    }
  return {
    bytesMax: quotaLeftBytes,
    refusal: () =>
      new AppError('quota_exceeded', `The account has room for ${quotaLeftBytes} bytes more`),
  }
}

async function fill(
  draft: BlobDraft,
  upload: Upload,
  { room, timing }: { room: Room; timing: Timing },
): Promise<void> {
  let sizeBytes = 0
  let startedAt = timing.now()
  for await (const chunk of upload.openBody()) {
    timing.end('read', startedAt)
    sizeBytes += chunk.length
    if (sizeBytes > room.bytesMax) throw room.refusal()
    await draft.write(chunk)
    startedAt = timing.now()
  }
  timing.end('read', startedAt)
  if (upload.declaredBytes !== null && upload.declaredBytes !== sizeBytes)
    throw new AppError('invalid', 'The body is not as long as it was said to be', { field: 'body' })
}
