import { viewerOf, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { requireFilePath, type StoredFile } from '../domain/file'
import type { Timing } from '../domain/timing'
import type { TrashPosition, TrashRestoration, TrashedFile } from '../domain/trash'
import { notACursor, requirePageLimit } from './paging'
import { noSuchFile, requireOwner } from './access'

export interface TrashSettings {
  listLimitMax: number
  /** How long deleted files can be brought back; 0 deletes at once. */
  trashKeptMs: number
}

export interface TrashDependencies {
  database: Database
  settings: TrashSettings
  now: () => number
}

export interface TrashPage {
  files: TrashedFile[]
  /** Asks for the next page; null after the last. */
  cursor: string | null
}

export interface TrashQuery {
  /** Null for the caller's own. */
  owner: string | null
  cursor: string | null
  limit: number
}

/** What one command lets go, and how many of them one request makes: the writer is never held for long. */
const batchMax = 100
const batchesMax = 100

/** Deleted files that can be brought back: by their owner and by admins, whatever was shared of them. */
export class TrashService {
  constructor(private readonly use: TrashDependencies) {}

  /** Last deleted first. @throws {AppError} `invalid`; `not_found` when the caller may not know the owner. */
  async list(caller: Caller, query: TrashQuery, timing: Timing): Promise<TrashPage> {
    const limit = requirePageLimit(query.limit, this.use.settings.listLimitMax)
    const after = query.cursor === null ? null : decodePosition(query.cursor)
    const startedAt = timing.now()
    const owner = await this.ownerFor(caller, query.owner)
    const viewer = viewerOf(caller, this.use.now())
    const found = await this.use.database.trash.list(viewer, { owner, after, limit: limit + 1 })
    timing.end('database', startedAt)
    const files = found.slice(0, limit)
    const last = files.at(-1)
    return { files, cursor: found.length > limit && last ? encodePosition(last) : null }
  }

  /** @throws {AppError} `invalid`, `not_found`; `conflict` when a file is there and is not to be overwritten. */
  async restore(
    caller: Caller,
    { path, ...args }: Pick<TrashRestoration, 'id' | 'path' | 'overwrite'>,
    timing: Timing,
  ): Promise<StoredFile> {
    const nowMs = this.use.now()
    const startedAt = timing.now()
    const file = await this.use.database.trash.restore(viewerOf(caller, nowMs), {
      ...args,
      path: path === null ? null : requireFilePath(path),
      toTrash: this.use.settings.trashKeptMs > 0,
      nowMs,
    })
    timing.end('commit', startedAt)
    return file
  }

  /** @throws {AppError} `not_found`. */
  async delete(caller: Caller, id: string, timing: Timing): Promise<void> {
    const nowMs = this.use.now()
    const startedAt = timing.now()
    await this.use.database.trash.delete(viewerOf(caller, nowMs), { id, nowMs })
    timing.end('commit', startedAt)
  }

  /**
   * Lets everything go that is in the trash now; what is deleted meanwhile stays.
   * @returns how many files went, and whether so many are left that it must be asked again.
   * @throws {AppError} `not_found` when the caller may not know the owner.
   */
  async empty(
    caller: Caller,
    ownerName: string | null,
    timing: Timing,
  ): Promise<{ deleted: number; isEmpty: boolean }> {
    const startedAt = timing.now()
    const owner = await this.ownerFor(caller, ownerName)
    const nowMs = this.use.now()
    const args = { owner, deletedUntilMs: nowMs, nowMs, limit: batchMax }
    const viewer = viewerOf(caller, nowMs)
    let deleted = 0
    let isEmpty = false
    for (let times = 0; times < batchesMax && !isEmpty; times++) {
      const count = await this.use.database.trash.empty(viewer, args)
      deleted += count
      isEmpty = count < batchMax
    }
    timing.end('commit', startedAt)
    return { deleted, isEmpty }
  }

  /** Whose trash it is about. For who may not see it there is no such account. */
  private async ownerFor(caller: Caller, owner: string | null): Promise<string> {
    if (owner === null || owner === caller.name) return caller.name
    if (caller.role !== 'admin') throw noSuchFile()
    return (await requireOwner(this.use.database, owner)).name
  }
}

function encodePosition({ deletedAtMs, id }: TrashPosition): string {
  return Buffer.from(`${deletedAtMs}/${id}`).toString('base64url')
}

function decodePosition(cursor: string): TrashPosition {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, deletedAtMs, id] = /^(\d{1,15})\/([\w-]{1,128})$/.exec(text) ?? []
  if (deletedAtMs !== undefined && id !== undefined) return { deletedAtMs: Number(deletedAtMs), id }
  throw notACursor()
}
