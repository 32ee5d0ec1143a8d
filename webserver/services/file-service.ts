import { viewerOf, type Caller, type Principal } from '../domain/account'
import { requireFileKey, type FileCondition, type FileKey } from '../domain/file'
import type { Timing } from '../domain/timing'
import { noSuchFile, requireRight } from './access'
import { openContent, type OpenFile } from './open-content'
import { contentTypeOf } from './content-type'
import { explainingQuota } from './quota-refusal'
import { requireSomeCondition } from './uploads/admission'
import type { Sender, Upload, UploadResult } from './uploads/upload'
import { Forms, type Form, type FormFile, type FormResult } from './uploads/forms'
import {
  Appends,
  type Append,
  type AppendDependencies,
  type AppendResult,
  type AppendSettings,
} from './uploads/appends'
import { Patches, type Patch } from './uploads/patches'
import { Uploads } from './uploads/uploads'

export interface FileSettings extends AppendSettings {
  /** How long deleted files can be brought back; 0 deletes at once. */
  trashKeptMs: number
}

export interface FileDependencies extends AppendDependencies {
  settings: FileSettings
}

export interface PutFile extends Omit<Upload, 'contentType'> {
  /** As the sender stated it; null to go by the name. */
  contentType: string | null
}

export interface PutForm extends Omit<Form, 'files'> {
  owner: string
  folder: string
  files: AsyncIterable<SentFile>
}

/** A file of a form, as its sender calls it. */
export interface SentFile {
  /** May name folders below the form's. */
  filename: string
  contentType: string | null
  bytes: AsyncIterable<Buffer>
}

export interface FileRemoval {
  key: FileKey
  condition: FileCondition
  /** Past the trash: it cannot be brought back. */
  isPermanent?: boolean
}

export class FileService {
  private readonly uploads: Uploads
  private readonly patches: Patches
  private readonly appends: Appends
  private readonly forms: Forms

  constructor(private readonly use: FileDependencies) {
    this.uploads = new Uploads(use)
    this.patches = new Patches(use, this.uploads)
    this.appends = new Appends(use, this.patches)
    this.forms = new Forms(use, this.uploads)
  }

  /**
   * Creates or replaces a file; when it resolves, the content and the record survive a crash.
   * @throws {AppError} `invalid`, and what `Uploads.run` says.
   */
  async put(who: Sender, { contentType, ...put }: PutFile, timing: Timing): Promise<UploadResult> {
    const key = requireFileKey(put.key)
    const upload = { ...put, key, contentType: contentTypeOf(contentType, key.path) }
    const viewer = viewerOf(who, this.use.now())
    return explainingQuota(this.use.database, { viewer, owner: key.owner }, () =>
      this.uploads.run(who, upload, timing),
    )
  }

  /**
   * Changes a part of a file, or adds to it; when it resolves, the change survives a crash.
   * @throws {AppError} `invalid`, and what `Patches.run` says.
   */
  async patch(who: Sender, patch: Patch, timing: Timing): Promise<UploadResult> {
    const key = requireFileKey(patch.key)
    return this.appends.durably(key, () => this.patches.run(who, { ...patch, key }, timing))
  }

  /**
   * Adds to the end of a file, where the sender lets it be durable only some time later.
   * @throws {AppError} `invalid`, and what `Patches.run` says.
   */
  async append(who: Caller, append: Append, timing: Timing): Promise<AppendResult> {
    return this.appends.append(who, { ...append, key: requireFileKey(append.key) }, timing)
  }

  /** Makes what is held of files durable, and holds nothing from then on. */
  async endAppends(): Promise<void> {
    await this.appends.end()
  }

  /**
   * Stores the files of a form below a folder; `''` is the owner's root.
   * @throws {AppError} `invalid`, and what `Forms.run` says.
   */
  async putForm(who: Sender, form: PutForm, timing: Timing): Promise<FormResult> {
    const { condition, files } = form
    return this.forms.run(who, { condition, files: named(form, files) }, timing)
  }

  /** The current version, or the one of that number. @throws {AppError} `invalid`, `not_found`. */
  async get(caller: Principal, key: FileKey, timing: Timing, version?: number): Promise<OpenFile> {
    const { owner, path } = requireFileKey(key)
    const { database, blobs } = this.use
    const viewer = viewerOf(caller, this.use.now())
    const startedAt = timing.now()
    await requireRight(database, viewer, { key: { owner, path }, needed: 'view' })
    const file =
      version === undefined
        ? await database.files.find(viewer, { owner, path })
        : await database.versions.find(viewer, { key: { owner, path }, version })
    timing.end('database', startedAt)
    if (file === null) throw noSuchFile()
    return openContent(blobs, file)
  }

  /** @throws {AppError} `invalid`, `not_found`, `forbidden`, `precondition_failed`, `precondition_required`. */
  async delete(
    caller: Caller,
    { key, condition, isPermanent = false }: FileRemoval,
    timing: Timing,
  ): Promise<void> {
    const { owner, path } = requireFileKey(key)
    const { database, settings } = this.use
    const nowMs = this.use.now()
    const viewer = viewerOf(caller, nowMs)
    const startedAt = timing.now()
    // Who may edit may undo what others did, not make it impossible.
    const needed = isPermanent ? 'manage' : 'edit'
    await requireRight(database, viewer, { key: { owner, path }, needed })
    if (settings.requireCondition) requireSomeCondition(condition)
    const toTrash = settings.trashKeptMs > 0 && !isPermanent
    const removal = { condition, nowMs, toTrash, isPermanent }
    await database.files.delete(viewer, { key: { owner, path }, ...removal })
    timing.end('commit', startedAt)
  }
}

async function* named(
  { owner, folder }: PutForm,
  files: AsyncIterable<SentFile>,
): AsyncGenerator<FormFile> {
  for await (const { filename, contentType, bytes } of files) {
    const key = requireFileKey({ owner, path: folder === '' ? filename : `${folder}/${filename}` })
    yield { key, contentType: contentTypeOf(contentType, key.path), bytes }
  }
}
