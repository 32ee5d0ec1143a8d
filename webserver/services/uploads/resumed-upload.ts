import type { Viewer } from '../../domain/account'
import type { ResumedDraft } from '../../domain/blob-store'
import { AppError, isAppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { UploadSession } from '../../domain/upload'
import { ResumableSha256 } from '../../platform/resumable-sha256'
import type { ResumableDependencies } from './resumable'

/** Where a request goes on with an upload. */
export interface Position {
  id: string
  offsetBytes: number
  /** The length, when the request says it. */
  lengthBytes: number | null
}

type Use = ResumableDependencies

/**
 * An upload in the hands of one request, which holds its lease. What the database says is durable and hashed is its first
 * `committedBytes`; what was written behind is taken in by `commit`, and lost otherwise.
 */
export class ResumedUpload {
  private committedBytes: number
  private committedState: string | null
  /** False while, and after, something failed of which it is not known what reached the disk: nothing of it counts. */
  private isSound = true
  private leaseUntilMs: number
  private reservedBytes: number

  private constructor(
    private readonly use: Use,
    readonly session: UploadSession,
    private readonly held: { draft: ResumedDraft; hash: ResumableSha256; leaseUntilMs: number },
  ) {
    this.committedBytes = this.endBytes = session.offsetBytes
    this.committedState = session.hashState
    this.reservedBytes = session.reservedBytes
    this.leaseUntilMs = held.leaseUntilMs
  }

  /** How many bytes were written, durable or not. */
  endBytes: number

  /**
   * Takes the lease. @throws {AppError} `not_found`, `gone`, `conflict`, `locked`, `quota_exceeded`.
   */
  static async acquire(use: Use, viewer: Viewer, position: Position): Promise<ResumedUpload> {
    const nowMs = use.now()
    const before = await requireUpload(use, viewer, position.id)
    const leaseUntilMs = nowMs + use.settings.uploadLeaseMs
    const session = await use.database.uploads.acquire(viewer, {
      ...position,
      ...{ holder: use.holder, nowMs, leaseUntilMs },
      takeEpoch: isHeldByNobody(use, before) ? before.leaseEpoch : null,
    })
    // A lease that was not given back: its holder may still be about to write.
    const apart = session.leaseHolder !== null && !use.isGone(session.leaseHolder)
    return ResumedUpload.open(use, session, { apart, leaseUntilMs })
  }

  /** Goes on with an upload whose lease this process has. */
  static async open(
    use: Use,
    session: UploadSession,
    { apart, leaseUntilMs }: { apart: boolean; leaseUntilMs: number },
  ): Promise<ResumedUpload> {
    const { id, offsetBytes, hashState, leaseEpoch } = session
    try {
      const hash = await ResumableSha256.from(hashState)
      const draft = await use.blobs.openDraft(id, { offsetBytes, apart })
      return new ResumedUpload(use, session, { draft, hash, leaseUntilMs })
    } catch (error) {
      await giveBack(use, { id, leaseEpoch, offsetBytes, hashState })
      throw error
    }
  }

  /** Hashes while the kernel takes the bytes. */
  async write(chunk: Buffer, timing: Timing): Promise<void> {
    this.isSound = false
    const writing = this.held.draft.write(chunk)
    const hashedAt = timing.now()
    this.held.hash.update(chunk)
    timing.end('hash', hashedAt)
    const startedAt = timing.now()
    await writing
    timing.end('write', startedAt)
    this.endBytes += chunk.length
    this.isSound = true
  }

  /** Assures room for an upload that has not said its length. @throws {AppError} `quota_exceeded`, `conflict`. */
  async cover(endBytes: number): Promise<void> {
    if (this.session.lengthBytes !== null || endBytes <= this.reservedBytes) return
    const { id, leaseEpoch } = this.session
    this.leaseUntilMs = this.use.now() + this.use.settings.uploadLeaseMs
    this.reservedBytes = await this.use.database.uploads.extend({
      ...{ id, leaseEpoch, neededBytes: endBytes, wantedBytes: 2 * endBytes },
      ...{ leaseUntilMs: this.leaseUntilMs, expiresAtMs: this.expiresAtMs() },
    })
  }

  /** Whether enough has come, or long enough, for the next `commit` or `renew`. */
  isDue(): boolean {
    const { uploadFlushBytes, uploadLeaseMs } = this.use.settings
    if (this.endBytes - this.committedBytes >= uploadFlushBytes) return true
    return this.isLeaseDue(uploadLeaseMs)
  }

  isLeaseDue(leaseMs = this.use.settings.uploadLeaseMs): boolean {
    return this.use.now() >= this.leaseUntilMs - (2 * leaseMs) / 3
  }

  /** Makes durable what was written, and moves the upload on. @throws {AppError} `conflict` when another has it by now. */
  async commit(timing: Timing, { release }: { release: boolean }): Promise<void> {
    await this.flush(timing)
    const toBytes = this.endBytes
    const hashState = this.held.hash.save()
    await this.advance({ toBytes, hashState, release }, timing)
    this.committedBytes = toBytes
    this.committedState = hashState
  }

  /** Keeps the lease without taking in what was written. */
  async renew(timing: Timing): Promise<void> {
    const at = { toBytes: this.committedBytes, hashState: this.committedState }
    await this.advance({ ...at, release: false }, timing)
  }

  /** Ends the lease; what was written since the last `commit` is as if it had never come. */
  async discard(): Promise<void> {
    const { id, leaseEpoch } = this.session
    const at = { offsetBytes: this.committedBytes, hashState: this.committedState }
    await giveBack(this.use, { id, leaseEpoch, ...at })
  }

  /** Keeps what was written as far as it is known to be sound, and ends the lease. Never throws an `AppError`. */
  async keep(timing: Timing): Promise<void> {
    if (!this.isSound) return this.discard()
    try {
      await this.commit(timing, { release: true })
    } catch (error) {
      if (!isAppError(error)) throw error
      await this.discard()
    }
  }

  /** A failed flush is never repeated: the kernel may have dropped the bytes and forgotten the error. */
  async flush(timing: Timing): Promise<void> {
    const startedAt = timing.now()
    this.isSound = false
    await this.held.draft.flush()
    this.isSound = true
    timing.end('fsync', startedAt)
  }

  /** Of all that was written, in hex. The hash goes on from where it was. */
  async digest(): Promise<string> {
    return digestOf(this.held.hash.save())
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.held.hash.free()
    await this.held.draft.close()
  }

  private async advance(
    args: { toBytes: number; hashState: string | null; release: boolean },
    timing: Timing,
  ): Promise<void> {
    const { id, leaseEpoch } = this.session
    const { toBytes, hashState, release } = args
    const startedAt = timing.now()
    const leaseUntilMs = this.use.now() + this.use.settings.uploadLeaseMs
    await this.use.database.uploads.advance({
      ...{ id, leaseEpoch, fromBytes: this.committedBytes, toBytes, hashState },
      leaseUntilMs: release ? null : leaseUntilMs,
      expiresAtMs: this.expiresAtMs(),
    })
    this.leaseUntilMs = leaseUntilMs
    timing.end('database', startedAt)
  }

  private expiresAtMs(): number {
    return this.use.now() + this.use.settings.uploadExpiryMs
  }
}

/** Of the bytes that a saved hash has seen, in hex. */
export async function digestOf(hashState: string | null): Promise<string> {
  const hash = await ResumableSha256.from(hashState)
  const digest = hash.digest()
  hash.free()
  return digest
}

/** The sender's upload. @throws {AppError} `not_found`; `gone` when its time is over. */
export async function requireUpload(use: Use, viewer: Viewer, id: string): Promise<UploadSession> {
  const session = await use.database.uploads.find(viewer, id)
  if (session === null || session.kind === 'put')
    throw new AppError('not_found', 'There is no such upload')
  if (session.expiresAtMs <= use.now())
    throw new AppError('gone', 'The time of this upload is over: begin it anew')
  return session
}

function isHeldByNobody(use: Use, { leaseHolder }: UploadSession): boolean {
  return leaseHolder !== null && use.isGone(leaseHolder)
}

/** Should it fail, the lease ends by itself; when another has it by now, it is theirs. */
async function giveBack(
  use: Use,
  lease: { id: string; leaseEpoch: number; offsetBytes: number; hashState: string | null },
): Promise<void> {
  const { id, leaseEpoch, offsetBytes, hashState } = lease
  const expiresAtMs = use.now() + use.settings.uploadExpiryMs
  const at = { fromBytes: offsetBytes, toBytes: offsetBytes }
  try {
    await use.database.uploads.advance({
      ...{ id, leaseEpoch, ...at, hashState, leaseUntilMs: null, expiresAtMs },
    })
  } catch (error) {
    if (!isAppError(error)) throw error
  }
}
