import { viewerOf } from '../../domain/account'
import type { BlobDraft } from '../../domain/blob-store'
import { wholeBlob } from '../../domain/content'
import type { Timing } from '../../domain/timing'
import { admit, type Room } from './admission'
import { commitContent } from './content-commit'
import { Reservation } from './reservation'
import { UploadTurns } from './upload-turns'
import {
  notAsLong,
  type Sender,
  type StoredBody,
  type Upload,
  type UploadDependencies,
  type UploadResult,
} from './upload'

/**
 * The way of a whole body into the store, whatever the door (DESIGN D5): admit, reserve, stream, hash, seal, publish,
 * commit. A door whose body is only a part of the file's content says so with `Upload.contentWith`. An upload that fails
 * anywhere leaves nothing but, at worst, a blob for the sweep and a reservation that ends by itself.
 */
export class Uploads {
  private readonly turns: UploadTurns

  constructor(private readonly use: UploadDependencies) {
    this.turns = new UploadTurns(use.settings.uploadsInFlightMax)
  }

  /**
   * @throws {AppError} before the body is asked for: what `admit` says, and `unavailable` when too many uploads are in
   * hand; and any of them later, since the commit decides.
   */
  async run(who: Sender, upload: Upload, timing: Timing): Promise<UploadResult> {
    return this.inHand(() => this.store(who, upload, timing))
  }

  /** Counts something among the uploads in hand while it lasts. @throws {AppError} `unavailable` when they are too many. */
  async inHand<T>(work: () => Promise<T>): Promise<T> {
    this.turns.require()
    return this.turns.count(work)
  }

  private async store(who: Sender, upload: Upload, timing: Timing): Promise<UploadResult> {
    const viewer = () => viewerOf(who, this.use.now())
    const { key } = upload
    const startedAt = timing.now()
    const contentBytes = contentBytesOf(upload)
    const room = await admit(this.use, viewer(), { ...upload, contentBytes })
    const reservation = new Reservation(this.use, { viewer, key, contentBytes })
    if (contentBytes !== null) await reservation.cover(contentBytes)
    timing.end('database', startedAt)
    try {
      return await this.receive(who, { upload, room, reservation }, timing)
    } catch (error) {
      await reservation.release()
      throw error
    }
  }

  private async receive(
    who: Sender,
    { upload, room, reservation }: { upload: Upload; room: Room; reservation: Reservation },
    timing: Timing,
  ): Promise<UploadResult> {
    const draft = await this.use.blobs.createDraft(timing)
    try {
      await fill(draft, upload, { room, reservation, timing })
      const body = await draft.seal()
      const { key, contentType, condition, metadata = null, numberWhenTaken = false } = upload
      const commit = {
        ...{ key, contentType, condition, metadata, numberWhenTaken },
        content: contentOf(upload, body),
        sealed: [{ sha256: body.sha256, publish: () => draft.publish() }],
        upload: reservation.taken,
      }
      return await commitContent(this.use, who, commit, timing)
    } finally {
      await draft.discard()
    }
  }
}

function contentOf({ contentWith }: Upload, body: StoredBody) {
  return contentWith?.(body) ?? wholeBlob(body.sha256, body.sizeBytes)
}

function contentBytesOf({ declaredBytes, keptBytes = 0 }: Upload): number | null {
  return declaredBytes === null ? null : keptBytes + declaredBytes
}

async function fill(
  draft: BlobDraft,
  upload: Upload,
  { room, reservation, timing }: { room: Room; reservation: Reservation; timing: Timing },
): Promise<void> {
  const { declaredBytes, keptBytes = 0 } = upload
  let sizeBytes = 0
  let startedAt = timing.now()
  for await (const chunk of upload.openBody()) {
    timing.end('read', startedAt)
    sizeBytes += chunk.length
    if (keptBytes + sizeBytes > room.bytesMax) throw room.refusal()
    await reservation.cover(keptBytes + sizeBytes)
    await draft.write(chunk)
    startedAt = timing.now()
  }
  timing.end('read', startedAt)
  if (declaredBytes !== null && declaredBytes !== sizeBytes) throw notAsLong()
}
