import { randomBytes } from 'node:crypto'
import type { Viewer } from '../../domain/account'
import type { FileCommit } from '../../domain/database'
import type { FileKey } from '../../domain/file'
import type { UploadDependencies } from './upload'

/** A reservation of a request that ended without a word is given back after so long. */
const keptMs = 10 * 60_000

/** Unguessable: who knows it is not asked for more by the draft's name. */
export function newUploadId(): string {
  return randomBytes(16).toString('base64url')
}

/**
 * The room that the body of one request takes in its owner's quota while it arrives. Small bodies reserve nothing. Those of
 * unknown length reserve as they grow, each time for twice as much as there is, so that few chunks must wait for it.
 */
export class Reservation {
  private readonly id = newUploadId()
  private leaseEpoch: number | null = null
  private reservedBytes = 0
  /** The content may grow so far without asking. */
  private assuredBytes: number
  private renewAtMs = 0

  constructor(
    private readonly use: UploadDependencies,
    private readonly of: { viewer: () => Viewer; key: FileKey; contentBytes: number | null },
  ) {
    this.assuredBytes = use.settings.reserveFromBytes
  }

  /** What the commit takes over; null when nothing was reserved. */
  get taken(): FileCommit['upload'] {
    return this.leaseEpoch === null ? null : { id: this.id, leaseEpoch: this.leaseEpoch }
  }

  /** Assures room for a content of so many bytes. @throws {AppError} `quota_exceeded`, `conflict` when the lease ended. */
  async cover(contentBytes: number): Promise<void> {
    const isDue = this.leaseEpoch !== null && this.use.now() >= this.renewAtMs
    if (contentBytes <= this.assuredBytes && !isDue) return
    const neededBytes = Math.max(contentBytes, this.reservedBytes)
    const wantedBytes = Math.max(neededBytes, this.of.contentBytes ?? 2 * contentBytes)
    if (this.leaseEpoch === null) await this.begin(neededBytes, wantedBytes)
    else await this.extend(neededBytes, wantedBytes)
    // What was granted beyond the room is covered by what the commit lets go, and is judged there.
    this.assuredBytes = Math.max(this.reservedBytes, contentBytes)
    this.renewAtMs = this.use.now() + keptMs / 3
  }

  /** Gives the room back. Should it fail, it is given back when its time is over. Does nothing after a commit took it. */
  async release(): Promise<void> {
    const { taken } = this
    if (taken !== null) await this.use.database.uploads.abandon(taken).catch(() => undefined)
  }

  private async begin(neededBytes: number, wantedBytes: number): Promise<void> {
    const { viewer, key, contentBytes } = this.of
    const nowMs = this.use.now()
    const upload = await this.use.database.uploads.begin(viewer(), {
      ...{ id: this.id, kind: 'put', key, lengthBytes: contentBytes, neededBytes, wantedBytes },
      ...{ contentType: null, metadata: {}, condition: {}, parts: null, openMax: 0, nowMs },
      leaseHolder: this.use.holder,
      leaseUntilMs: nowMs + keptMs,
      expiresAtMs: nowMs + keptMs,
    })
    this.leaseEpoch = upload.leaseEpoch
    this.reservedBytes = upload.reservedBytes
  }

  private async extend(neededBytes: number, wantedBytes: number): Promise<void> {
    const untilMs = this.use.now() + keptMs
    this.reservedBytes = await this.use.database.uploads.extend({
      ...{ ...this.taken!, neededBytes, wantedBytes },
      leaseUntilMs: untilMs,
      expiresAtMs: untilMs,
    })
  }
}
