import { viewerOf } from '../../domain/account'
import type { BlobDraft } from '../../domain/blob-store'
import { wholeBlob } from '../../domain/content'
import { AppError, isAppError } from '../../domain/errors'
import type { FileCondition, FileKey, StoredFile } from '../../domain/file'
import type { Timing } from '../../domain/timing'
import { admit } from './admission'
import { commitContent } from './content-commit'
import { Reservation } from './reservation'
import type { Sender, StoredBody, UploadDependencies } from './upload'
import type { Uploads } from './uploads'

/** A file of a form as it arrives. Its name and type are checked already. */
export interface FormFile {
  key: FileKey
  contentType: string
  bytes: AsyncIterable<Buffer>
}

export interface Form {
  /** Must hold for each file. */
  condition: FileCondition
  files: AsyncIterable<FormFile>
}

export interface FormResult {
  files: StoredFile[]
  /** Those that could not be committed after others were. */
  refused: { key: FileKey; error: AppError }[]
}

interface Received {
  file: FormFile
  draft: BlobDraft
  reservation: Reservation
  body: StoredBody
}

/**
 * The way of several files of one body into the store. All of them are taken in before the first is committed, so that a
 * form that breaks off, is malformed or too large leaves none of its files.
 */
export class Forms {
  constructor(
    private readonly use: UploadDependencies,
    private readonly uploads: Uploads,
  ) {}

  /**
   * Each file is committed by itself, in order.
   * @throws {AppError} what `admit` says of a file; `invalid` for a form without files, or with two of one name; and what
   * the commit of the first says.
   */
  async run(who: Sender, form: Form, timing: Timing): Promise<FormResult> {
    return this.uploads.inHand(async () => {
      const received: Received[] = []
      try {
        await this.receiveAll(who, form, { received, timing })
        return await this.commitAll(who, form, { received, timing })
      } finally {
        for (const { draft, reservation } of received) {
          await draft.discard()
          await reservation.release()
        }
      }
    })
  }

  private async receiveAll(
    who: Sender,
    { condition, files }: Form,
    { received, timing }: { received: Received[]; timing: Timing },
  ): Promise<void> {
    const viewer = () => viewerOf(who, this.use.now())
    let formBytes = 0
    for await (const file of files) {
      const { key } = file
      if (received.some((other) => other.file.key.path === key.path))
        throw new AppError('invalid', `The form has two files named ${key.path}`, { field: 'body' })
      const room = await admit(this.use, viewer(), { key, condition, contentBytes: null })
      const reservation = new Reservation(this.use, { viewer, key, contentBytes: null })
      const draft = await this.use.blobs.createDraft(timing)
      const one = { file, draft, reservation, body: { sha256: '', sizeBytes: 0 } }
      received.push(one)
      let fileBytes = 0
      for await (const chunk of file.bytes) {
        fileBytes += chunk.length
        formBytes += chunk.length
        // The files before it take of the same room.
        if (formBytes > room.bytesMax) throw room.refusal()
        await reservation.cover(fileBytes)
        await draft.write(chunk)
      }
      one.body = await draft.seal()
    }
    if (received.length === 0)
      throw new AppError('invalid', 'The form has no file', { field: 'body' })
  }

  private async commitAll(
    who: Sender,
    { condition }: Form,
    { received, timing }: { received: Received[]; timing: Timing },
  ): Promise<FormResult> {
    const result: FormResult = { files: [], refused: [] }
    for (const { file, draft, reservation, body } of received) {
      const { key, contentType } = file
      const commit = {
        ...{ key, contentType, condition, metadata: null, upload: reservation.taken },
        content: wholeBlob(body.sha256, body.sizeBytes),
        sealed: [{ sha256: body.sha256, publish: () => draft.publish() }],
      }
      try {
        result.files.push((await commitContent(this.use, who, commit, timing)).file)
      } catch (error) {
        if (!isAppError(error) || result.files.length === 0) throw error
        result.refused.push({ key, error })
      }
    }
    return result
  }
}
