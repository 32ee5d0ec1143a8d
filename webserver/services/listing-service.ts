import { viewerOf, type Caller, type Principal } from '../domain/account'
import type { Database } from '../domain/database'
import type { StoredFile } from '../domain/file'
import type { Browse, Browsed, Folder } from '../domain/listing'
import type { Timing } from '../domain/timing'
import { requireOwner, requireRightBelow } from './access'
import { decodeCursor, encodeCursor, type ListingQuery } from './listing-cursor'
import { requirePageLimit } from './paging'

export interface ListingDependencies {
  database: Database
  settings: { listLimitMax: number; examinedMax: number }
  now: () => number
}

export interface FilePage {
  files: StoredFile[]
  folders: Folder[]
  /** Asks for the next page; null after the last. */
  cursor: string | null
}

export interface PageQuery extends ListingQuery {
  cursor: string | null
  limit: number
}

export class ListingService {
  constructor(private readonly use: ListingDependencies) {}

  /** @throws {AppError} `invalid`, `not_found` when the caller may not know the owner or the folder. */
  async list(caller: Caller, asked: PageQuery, timing: Timing): Promise<FilePage> {
    const { cursor, limit, ...rest } = asked
    const query = { ...rest, prefix: rest.prefix.normalize('NFC') }
    const after = cursor === null ? null : decodeCursor(query, cursor)
    const { files, folders, next } = await this.browse(caller, { ...query, after, limit }, timing)
    return { files, folders, cursor: next && encodeCursor(query, next) }
  }

  /** The same with positions in place of cursors. @throws {AppError} `invalid`, `not_found`. */
  async browse(
    who: Principal,
    asked: Omit<Browse, 'examinedMax'>,
    timing: Timing,
  ): Promise<Browsed> {
    const { database, settings, now } = this.use
    const { owner, prefix } = asked
    const { examinedMax, listLimitMax } = settings
    requirePageLimit(asked.limit, listLimitMax)
    const viewer = viewerOf(who, now())
    const startedAt = timing.now()
    if (owner !== null) {
      const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
      await requireRightBelow(database, viewer, { owner, folder, needed: 'view' })
      await requireOwner(database, owner)
    }
    const page = await database.files.browse(viewer, { ...asked, examinedMax })
    timing.end('database', startedAt)
    return page
  }
}
