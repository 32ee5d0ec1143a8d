import { Readable } from 'node:stream'
import { viewerOf } from '../../domain/account'
import { wholeBlob } from '../../domain/content'
import { AppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { NewUpload, UploadSession } from '../../domain/upload'
import { admit } from './admission'
import { commitContent } from './content-commit'
import { joinParts } from './join-parts'
import { receivePiece, type InHand } from './receive-piece'
import { newUploadId } from './reservation'
import type { Announcement, Joining, Piece, PieceResult, ResumableDependencies } from './resumable'
import { requireUpload, ResumedUpload, type Position } from './resumed-upload'
import type { Sender, UploadResult } from './upload'
import { UploadTurns } from './upload-turns'

const listMax = 1000

/**
 * Uploads that go on over many requests, connections and processes. Where one is stands in the database and nowhere else;
 * whoever writes holds its lease. What was acknowledged survives any process, and the last byte's commit takes as long for
 * a large file as for a small one.
 */
export class ResumableUploads {
  private readonly turns: UploadTurns

  constructor(private readonly use: ResumableDependencies) {
    this.turns = new UploadTurns(use.settings.uploadsInFlightMax)
  }

  /**
   * Announces an upload and reserves its room; with a piece, or when there is nothing to send, goes on as `write` does.
   * @param onBegun told before the first byte is asked for.
   * @throws {AppError} what `admit` says; `rate_limited` when too many are open; what `write` throws.
   */
  async begin(
    who: Sender,
    announcement: Announcement,
    { piece, onBegun, timing }: { piece: Piece | null; onBegun(id: string): void; timing: Timing },
  ): Promise<PieceResult> {
    this.turns.require()
    await this.admit(who, announcement, announcement.lengthBytes)
    const isHeld = piece !== null || announcement.lengthBytes === 0
    const args = this.newUpload(announcement, isHeld)
    const session = await this.use.database.uploads.begin(this.viewerOf(who), args)
    onBegun(session.id)
    if (!isHeld) return { session, result: null }
    const lease = { apart: false, leaseUntilMs: args.leaseUntilMs }
    const upload = await ResumedUpload.open(this.use, session, lease)
    return this.turns.count(() => this.receive(who, upload, piece ?? nothing, timing))
  }

  /**
   * Goes on with an upload. What came is kept however the request ends, unless it is checked and was not read whole.
   * @throws {AppError} `not_found`, `gone`; `conflict` when the upload is at another offset; `locked` while another request
   * writes it; `too_large`; what its body throws and `admit` says, since rights and conditions are judged anew; and
   * when it is complete, what the commit says: the upload stays then, and an empty piece tries again.
   */
  async write(who: Sender, position: Position, piece: Piece, timing: Timing): Promise<PieceResult> {
    this.turns.require()
    const startedAt = timing.now()
    const session = await this.find(who, position.id)
    if (session.outcome !== null && session.offsetBytes === position.offsetBytes)
      return { session, result: null }
    this.requireFitting(session, position, piece)
    await this.admit(who, admissionOf(session), null)
    await this.use.requireSpace?.(piece.declaredBytes ?? 0)
    const upload = await ResumedUpload.acquire(this.use, this.viewerOf(who), position)
    timing.end('database', startedAt)
    return this.turns.count(() => this.receive(who, upload, piece, timing))
  }

  /** Makes a file of complete parts, in order, without copying them. @throws {AppError} as `write` does. */
  async join(who: Sender, joining: Joining, timing: Timing): Promise<PieceResult> {
    await this.admit(who, { ...joining, kind: 'file' }, null)
    return joinParts(this.use, who, joining, timing)
  }

  /** @throws {AppError} `not_found`, `gone`. */
  async find(who: Sender, id: string): Promise<UploadSession> {
    return requireUpload(this.use, this.viewerOf(who), id)
  }

  /**
   * As `find`, for a sender that asks how far it is. One that sees all its bytes taken in goes away content: a file whose
   * bytes are all there and whose commit did not happen is committed first. @throws {AppError} as `write` does.
   */
  async settled(who: Sender, id: string, timing: Timing): Promise<UploadSession> {
    const session = await this.find(who, id)
    const { kind, outcome, offsetBytes, lengthBytes } = session
    if (kind !== 'file' || outcome !== null || offsetBytes !== lengthBytes) return session
    await this.write(who, { id, offsetBytes, lengthBytes: null }, nothing, timing)
    return this.find(who, id)
  }

  /** The sender's own that are not finished, oldest first. */
  async list(who: Sender): Promise<UploadSession[]> {
    return this.use.database.uploads.list(this.viewerOf(who), { limit: listMax })
  }

  /** Gives an upload up; its room is free at once. @throws {AppError} `not_found`, `gone`. */
  async terminate(who: Sender, id: string): Promise<void> {
    await this.find(who, id)
    const drafts = await this.use.database.uploads.terminate(this.viewerOf(who), id)
    for (const name of drafts) await this.use.blobs.removeDraft(name)
  }

  private async receive(
    who: Sender,
    upload: ResumedUpload,
    piece: Piece,
    timing: Timing,
  ): Promise<PieceResult> {
    const hand: InHand = { upload, isReleased: false, isRead: false }
    const viewer = () => this.viewerOf(who)
    try {
      await receivePiece(hand, { use: this.use, viewer, piece, timing })
      hand.isRead = true
      return await this.settle(who, hand, timing)
    } catch (error) {
      await this.keep(hand, piece, timing)
      throw error
    } finally {
      await hand.upload.close()
    }
  }

  /** Takes in what came; a file that is complete is committed in place of that. */
  private async settle(who: Sender, hand: InHand, timing: Timing): Promise<PieceResult> {
    const { session, endBytes } = hand.upload
    if (session.kind === 'file' && endBytes === session.lengthBytes)
      return { session, result: await this.complete(who, hand, timing) }
    await hand.upload.commit(timing, { release: true })
    hand.isReleased = true
    return { session: { ...session, offsetBytes: endBytes }, result: null }
  }

  private async complete(who: Sender, hand: InHand, timing: Timing): Promise<UploadResult> {
    const { session, endBytes } = hand.upload
    const { id, leaseEpoch, owner, path, contentType, condition, metadata } = session
    await hand.upload.flush(timing)
    const body = { sha256: await hand.upload.digest(), sizeBytes: endBytes }
    const commit = {
      ...{ key: { owner, path }, contentType: contentType!, condition },
      metadata: metadataOf(metadata),
      content: wholeBlob(body.sha256, body.sizeBytes),
      sealed: [{ sha256: body.sha256, publish: () => this.use.blobs.publishDraft(id, body) }],
      upload: { id, leaseEpoch },
    }
    const result = await commitContent(this.use, who, commit, timing)
    hand.isReleased = true
    await this.use.blobs.removeDraft(id).catch(() => undefined)
    return result
  }

  /** However a request ends, what it brought is kept, unless its end was to say whether it is right. */
  private async keep(hand: InHand, piece: Piece, timing: Timing): Promise<void> {
    if (hand.isReleased) return
    if (piece.isChecked && !hand.isRead) await hand.upload.discard()
    else await hand.upload.keep(timing)
  }

  private async admit(
    who: Sender,
    { kind, key, condition }: Pick<Announcement, 'kind' | 'key' | 'condition'>,
    contentBytes: number | null,
  ): Promise<void> {
    if (kind === 'part') await this.use.requireSpace?.(contentBytes ?? 0)
    else await admit(this.use, this.viewerOf(who), { key, condition, contentBytes })
  }

  private newUpload(announcement: Announcement, isHeld: boolean): NewUpload {
    const { settings, holder } = this.use
    const nowMs = this.use.now()
    const sizeBytes = announcement.lengthBytes ?? 0
    return {
      ...announcement,
      ...{ id: newUploadId(), neededBytes: sizeBytes, wantedBytes: sizeBytes, parts: null, nowMs },
      leaseHolder: isHeld ? holder : null,
      leaseUntilMs: isHeld ? nowMs + settings.uploadLeaseMs : 0,
      expiresAtMs: nowMs + settings.uploadExpiryMs,
      openMax: settings.uploadsOpenMax,
    }
  }

  private requireFitting(session: UploadSession, position: Position, piece: Piece): void {
    const { uploadBytesMax, uploadPatchBytesMax } = this.use.settings
    const declaredBytes = piece.declaredBytes ?? 0
    if (declaredBytes > uploadPatchBytesMax)
      throw new AppError('too_large', `A request has at most ${uploadPatchBytesMax} bytes`)
    const bytesMax = session.lengthBytes ?? position.lengthBytes ?? uploadBytesMax
    if (position.offsetBytes + declaredBytes <= bytesMax) return
    throw new AppError('too_large', `The upload has at most ${bytesMax} bytes`)
  }

  private viewerOf(who: Sender) {
    return viewerOf(who, this.use.now())
  }
}

const nothing: Piece = {
  declaredBytes: 0,
  isChecked: false,
  openBody: () => Readable.from([]),
}

function admissionOf({ kind, owner, path, condition }: UploadSession) {
  return { kind: kind === 'part' ? kind : 'file', key: { owner, path }, condition } as const
}

/** Nothing that was said keeps what the file has. */
export function metadataOf(metadata: UploadSession['metadata']) {
  return Object.keys(metadata).length === 0 ? null : metadata
}
