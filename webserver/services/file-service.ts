import { viewerOf, type Caller } from '../domain/account'
import { requireFilePath, type FileCondition, type FileKey } from '../domain/file'
import type { Timing } from '../domain/timing'
import { noSuchFile, requireRight } from './access'
import { openContent, type OpenFile } from './open-content'
import { contentTypeOf } from './content-type'
import { requireSomeCondition } from './uploads/admission'
import type {
  Sender,
  Upload,
  UploadDependencies,
  UploadResult,
  UploadSettings,
} from './uploads/upload'
import { Uploads } from './uploads/uploads'

export interface FileSettings extends UploadSettings {
  /** How long deleted files can be brought back; 0 deletes at once. */
  trashKeptMs: number
}

export interface FileDependencies extends UploadDependencies {
  settings: FileSettings
}

export interface PutFile extends Omit<Upload, 'contentType'> {
  /** As the sender stated it; null to go by the name. */
  contentType: string | null
}

export interface FileRemoval {
  key: FileKey
  condition: FileCondition
  /** Past the trash: it cannot be brought back. */
  isPermanent?: boolean
}

export class FileService {
  private readonly uploads: Uploads

  constructor(private readonly use: FileDependencies) {
    this.uploads = new Uploads(use)
  }

  /**
   * Creates or replaces a file; when it resolves, the content and the record survive a crash.
   * @throws {AppError} `invalid`, and what `Uploads.run` says.
   */
  async put(who: Sender, { contentType, ...put }: PutFile, timing: Timing): Promise<UploadResult> {
    const key = checked(put.key)
    const upload = { ...put, key, contentType: contentTypeOf(contentType, key.path) }
    return this.uploads.run(who, upload, timing)
  }

  /** The current version, or the one of that number. @throws {AppError} `invalid`, `not_found`. */
  async get(caller: Caller, key: FileKey, timing: Timing, version?: number): Promise<OpenFile> {
    const { owner, path } = checked(key)
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
    const { owner, path } = checked(key)
    const { database, settings } = this.use
    const nowMs = this.use.now()
    const viewer = viewerOf(caller, nowMs)
    const startedAt = timing.now()
    // Who may edit may undo what others did, not make it impossible.
    const needed = isPermanent ? 'manage' : 'edit'
    await requireRight(database, viewer, { key: { owner, path }, needed })
    if (settings.requireCondition) requireSomeCondition(condition)
    const toTrash = settings.trashKeptMs > 0 && !isPermanent
    await database.files.delete(viewer, { key: { owner, path }, condition, nowMs, toTrash })
    timing.end('commit', startedAt)
  }
}

function checked({ owner, path }: FileKey): FileKey {
  return { owner, path: requireFilePath(path) }
}
