import { setImmediate as nextTurn } from 'node:timers/promises'
import { roomOf, viewerOf, type Account, type Caller, type Viewer } from '../domain/account'
import type { Database } from '../domain/database'
import {
  requireFileKey,
  requireFilePath,
  type FileCondition,
  type FileKey,
  type StoredFile,
} from '../domain/file'
import {
  requireMetadata,
  type FileInfo,
  type FolderSum,
  type MetadataChange,
  type MetadataLimits,
} from '../domain/file-info'
import type { Right } from '../domain/rights'
import type { Timing } from '../domain/timing'
import { noSuchFile, requireOwner, requireRight, requireRightBelow } from './access'
import { contentTypeOf } from './content-type'

export interface InfoDependencies {
  database: Database
  settings: MetadataLimits & { examinedMax: number; folderSumMax: number }
  now: () => number
}

export interface FolderInfo extends Omit<FolderSum, 'last'> {
  owner: string
  /** Ends in a slash; empty for everything of the owner's. */
  folder: string
  /** Whether there is more than was looked at. */
  isTruncated: boolean
  right: Right
}

export interface StorageInfo {
  account: Account
  freeBytes: number
  files: number
  isTruncated: boolean
}

/** What is known of files and folders beside their contents. */
export class InfoService {
  constructor(private readonly use: InfoDependencies) {}

  /**
   * Of the file at a path, or the folder if there is none or the path ends in a slash; an empty one is everything of the
   * owner's. @throws {AppError} `invalid`, `not_found`.
   */
  async ofPath(caller: Caller, key: FileKey, timing: Timing): Promise<FileInfo | FolderInfo> {
    const { database, now } = this.use
    const viewer = viewerOf(caller, now())
    const startedAt = timing.now()
    try {
      const isFolder = key.path === '' || key.path.endsWith('/')
      if (isFolder) return await this.ofFolder(viewer, key.owner, key.path.slice(0, -1))
      const { owner, path } = requireFileKey(key)
      const info = await database.files.info(viewer, { owner, path })
      return info ?? (await this.ofFolder(viewer, owner, path))
    } finally {
      timing.end('database', startedAt)
    }
  }

  /** To the owner and to admins. @throws {AppError} `not_found`. */
  async ofStorage(caller: Caller, owner: string, timing: Timing): Promise<StorageInfo> {
    const { database, now } = this.use
    if (caller.role !== 'admin' && caller.name !== owner) throw noSuchFile()
    const startedAt = timing.now()
    const account = await requireOwner(database, owner)
    const { files, isTruncated } = await this.sum(viewerOf(caller, now()), owner, '')
    timing.end('database', startedAt)
    return { account, freeBytes: Math.max(0, roomOf(account)), files, isTruncated }
  }

  /** @throws {AppError} `invalid`, `not_found`, `forbidden`, `precondition_failed`, `too_large`. */
  async describe(
    caller: Caller,
    change: Pick<MetadataChange, 'key' | 'contentType' | 'metadata'> & { condition: FileCondition },
    timing: Timing,
  ): Promise<StoredFile> {
    const { database, settings, now } = this.use
    const key = requireFileKey(change.key)
    if (change.contentType !== null) contentTypeOf(change.contentType, key.path)
    requireMetadata(change.metadata, settings)
    const viewer = viewerOf(caller, now())
    const startedAt = timing.now()
    await requireRight(database, viewer, { key, needed: 'edit' })
    const file = await database.files.setMetadata(viewer, { ...change, key, limits: settings })
    timing.end('commit', startedAt)
    return file
  }

  private async ofFolder(viewer: Viewer, owner: string, folder: string): Promise<FolderInfo> {
    const { database } = this.use
    if (folder !== '') requireFilePath(folder)
    await requireRightBelow(database, viewer, { owner, folder, needed: 'view' })
    const right = await database.rights.ofFolder(viewer, { owner, folder })
    const sum = await this.sum(viewer, owner, folder)
    if (right === null || (sum.files === 0 && folder !== '')) throw noSuchFile()
    return { owner, folder: folder === '' ? '' : `${folder}/`, ...sum, right }
  }

  /** Looked at in pieces, so that other requests come between. */
  private async sum(viewer: Viewer, owner: string, folder: string) {
    const { database, settings } = this.use
    const total = { files: 0, sizeBytes: 0, newestMs: null as number | null, isTruncated: false }
    for (let after: string | null = null; ;) {
      const limit = Math.min(settings.examinedMax, settings.folderSumMax - total.files)
      const piece = await database.files.sum(viewer, { owner, folder, after, limit })
      if (piece === null) throw noSuchFile()
      total.files += piece.files
      total.sizeBytes += piece.sizeBytes
      if (piece.newestMs !== null) total.newestMs = Math.max(total.newestMs ?? 0, piece.newestMs)
      after = piece.last
      total.isTruncated = after !== null && total.files >= settings.folderSumMax
      if (after === null || total.isTruncated) return total
      await nextTurn()
    }
  }
}
