import { viewerOf } from '../../domain/account'
import type { BlobDraft } from '../../domain/blob-store'
import { extentsOf } from '../../domain/content'
import { runToMerge } from '../../domain/extents'
import { AppError, isAppError } from '../../domain/errors'
import {
  conditionHolds,
  type FileCondition,
  type FileKey,
  type StoredFile,
} from '../../domain/file'
import { namesTheEnd, requireComplete, startOf, type PatchPart } from '../../domain/patch'
import type { Timing } from '../../domain/timing'
import { noSuchFile } from '../access'
import { contentTypeOf } from '../content-type'
import { readExtents } from '../open-content'
import { admit, type Room } from './admission'
import { commitContent } from './content-commit'
import { amendmentOf, contentAfter, type Edit, type Merged } from './patched-content'
import { Reservation } from './reservation'
import {
  notAsLong,
  type Sender,
  type StoredBody,
  type UploadDependencies,
  type UploadResult,
  type UploadSettings,
} from './upload'
import type { Uploads } from './uploads'

export interface PatchSettings extends UploadSettings {
  /** Runs of bytes that a content is made of, at most: beyond it some are made one. */
  extentsMax: number
  /** What an append replaces becomes an earlier version only when it is at least so old. */
  appendVersionMs: number
  /** Whether the sender must tell what file it believes to change. */
  requirePatchCondition: boolean
}

export interface PatchDependencies extends UploadDependencies {
  settings: PatchSettings
}

/** A change of a part of a file. Its name is checked already. */
export interface Patch {
  key: FileKey
  condition: FileCondition
  /** Called once, when the patch is admitted. A part's place is judged before its bytes are asked for. */
  parts(): AsyncIterable<PatchPart>
}

/** Everything about one patch that is needed until it is committed. */
interface Work {
  who: Sender
  patch: Patch
  room: Room
  reservation: Reservation
  draft: BlobDraft
  timing: Timing
}

const attemptsMax = 8

/**
 * The way of bytes into the middle or to the end of a file. They become one blob, whatever is there already: the content
 * is made of runs of it and of the blobs before it, so that a patch costs what it brings.
 */
export class Patches {
  constructor(
    private readonly use: PatchDependencies,
    private readonly uploads: Uploads,
  ) {}

  /**
   * All parts or none. When it resolves, they survive a crash.
   * @throws {AppError} what `admit` says; `not_found` when there is no file and the condition does not ask for that;
   * `precondition_required`, `range_not_satisfiable`, `conflict` for the place of a part.
   */
  async run(who: Sender, patch: Patch, timing: Timing): Promise<UploadResult> {
    return this.uploads.inHand(() => this.store(who, patch, timing))
  }

  /** The same without being counted among the uploads in hand: for what was counted before. */
  async store(who: Sender, patch: Patch, timing: Timing): Promise<UploadResult> {
    const viewer = () => viewerOf(who, this.use.now())
    const { key, condition } = patch
    const startedAt = timing.now()
    const room = await admit(this.use, viewer(), { key, condition, contentBytes: null })
    const base = requireThere(room.current, patch)
    timing.end('database', startedAt)
    const reservation = new Reservation(this.use, { viewer, key, contentBytes: null })
    const draft = await this.use.blobs.createDraft(timing)
    try {
      const work = { who, patch, room, reservation, draft, timing }
      const merged = await this.merge(draft, base)
      const edits = await this.receive(work, base, merged?.lengthBytes ?? 0)
      if (base !== null && edits.every(({ lengthBytes }) => lengthBytes === 0))
        return await this.unchanged(reservation, base)
      return await this.commit(work, { base, merged, edits, body: await draft.seal() })
    } catch (error) {
      await reservation.release()
      throw error
    } finally {
      await draft.discard()
    }
  }

  /** Makes room for the extents that come: those that cost least are written anew, before the sender's own bytes. */
  private async merge(draft: BlobDraft, base: StoredFile | null): Promise<Merged | null> {
    const extents = base === null ? [] : extentsOf(base)
    // A run in the middle of another makes two more of it.
    const run = runToMerge(extents, this.use.settings.extentsMax - 2)
    if (run === null) return null
    const merged = { extents: extents.slice(run.from, run.to), lengthBytes: 0 }
    for await (const chunk of readExtents(this.use.blobs, merged.extents)) {
      await draft.write(chunk)
      merged.lengthBytes += chunk.length
    }
    return merged
  }

  private async receive(work: Work, base: StoredFile | null, mergedBytes: number): Promise<Edit[]> {
    const edits: Edit[] = []
    let blobByte = mergedBytes
    let sizeBytes = base?.sizeBytes ?? 0
    for await (const part of work.patch.parts()) {
      const startByte = this.judged(work.patch, part, sizeBytes)
      const sizes = { startByte, sizeBytes, baseBytes: base?.sizeBytes ?? 0 }
      const lengthBytes = await this.write(work, part, sizes)
      edits.push({ place: part.place, startByte, blobByte, lengthBytes })
      blobByte += lengthBytes
      sizeBytes = Math.max(sizeBytes, startByte + lengthBytes)
      requireComplete(part.completeBytes, sizeBytes)
    }
    return edits
  }

  /** @returns where the part begins. Everything that its sender says of it is judged before its bytes are asked for. */
  private judged(
    { condition }: Patch,
    { place, lengthBytes, completeBytes }: PatchPart,
    sizeBytes: number,
  ): number {
    const isSure = condition.ifMatch !== undefined || namesTheEnd(place, sizeBytes)
    const startByte = startOf(place, sizeBytes)
    if (!isSure && condition.ifNoneMatch === undefined && this.use.settings.requirePatchCondition)
      throw new AppError(
        'precondition_required',
        `Say with If-Match what you believe to change, or append where the file ends: it has ${sizeBytes} bytes`,
        { field: 'If-Match' },
      )
    if (lengthBytes !== null)
      requireComplete(completeBytes, Math.max(sizeBytes, startByte + lengthBytes))
    return startByte
  }

  private async write(
    { draft, room, reservation, timing }: Work,
    part: PatchPart,
    {
      startByte,
      sizeBytes,
      baseBytes,
    }: { startByte: number; sizeBytes: number; baseBytes: number },
  ): Promise<number> {
    const sizeAfter = (lengthBytes: number) => Math.max(sizeBytes, startByte + lengthBytes)
    if (sizeAfter(part.lengthBytes ?? 0) > room.bytesMax) throw room.refusal()
    let lengthBytes = 0
    let startedAt = timing.now()
    for await (const chunk of part.bytes) {
      timing.end('read', startedAt)
      lengthBytes += chunk.length
      if (sizeAfter(lengthBytes) > room.bytesMax) throw room.refusal()
      await reservation.cover(sizeAfter(lengthBytes) - baseBytes)
      await draft.write(chunk)
      startedAt = timing.now()
    }
    timing.end('read', startedAt)
    if (part.lengthBytes === null || part.lengthBytes === lengthBytes) return lengthBytes
    throw notAsLong()
  }

  private async unchanged(reservation: Reservation, file: StoredFile): Promise<UploadResult> {
    await reservation.release()
    return { file, created: false }
  }

  /**
   * The commit holds only while the file is the one that the content was made of. Where the sender asks for less, a file
   * that has changed meanwhile is looked at anew, and so is one that was laid out anew.
   */
  private async commit(
    work: Work,
    made: { base: StoredFile | null; merged: Merged | null; edits: Edit[]; body: StoredBody },
  ): Promise<UploadResult> {
    const { merged, body } = made
    let { base, edits } = made
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryCommit(work, { base, merged, edits, body })
      } catch (error) {
        if (attempt === attemptsMax || !isStale(error)) throw error
        base = await this.again(work, error)
        edits = this.placedAnew(work.patch, edits, base?.sizeBytes ?? 0)
      }
    }
  }

  private tryCommit(
    { who, patch: { key }, reservation, draft, timing }: Work,
    made: { base: StoredFile | null; merged: Merged | null; edits: Edit[]; body: StoredBody },
  ): Promise<UploadResult> {
    const { base, body } = made
    const content = contentAfter(made)
    const { appendVersionMs } = this.use.settings
    const age = { nowMs: this.use.now(), appendVersionMs }
    const commit = {
      key,
      contentType: base?.contentType ?? contentTypeOf(null, key.path),
      condition: base === null ? { ifNoneMatch: '*' as const } : { ifMatch: [base.etag] },
      metadata: null,
      content,
      amendment: amendmentOf(content, made, age),
      sealed: [{ sha256: body.sha256, publish: () => draft.publish() }],
      upload: reservation.taken,
    }
    return commitContent(this.use, who, commit, timing)
  }

  /** The file as it is now. @throws {AppError} the refusal, when that is not what the sender asked for. */
  private async again({ who, patch }: Work, refusal: AppError): Promise<StoredFile | null> {
    const viewer = viewerOf(who, this.use.now())
    const file = requireThere(await this.use.database.files.find(viewer, patch.key), patch)
    if (!conditionHolds(patch.condition, file?.etag ?? null)) throw refusal
    return file
  }

  private placedAnew(patch: Patch, edits: readonly Edit[], baseBytes: number): Edit[] {
    let sizeBytes = baseBytes
    return edits.map((edit) => {
      const { place, lengthBytes } = edit
      const part = { place, lengthBytes, completeBytes: null, bytes: nothing }
      const startByte = this.judged(patch, part, sizeBytes)
      sizeBytes = Math.max(sizeBytes, startByte + lengthBytes)
      return { ...edit, startByte }
    })
  }
}

/** Null where there is none, and the condition asks for that. @throws {AppError} `not_found`. */
function requireThere(file: StoredFile | null, { condition }: Patch): StoredFile | null {
  if (file === null && condition.ifNoneMatch === undefined) throw noSuchFile()
  return file
}

const nothing: AsyncIterable<Buffer> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
}

function isStale(error: unknown): error is AppError {
  return (
    isAppError(error, 'precondition_failed') ||
    (isAppError(error, 'unavailable') && error.field === 'extents')
  )
}
