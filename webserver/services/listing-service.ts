import { viewerOf, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import type { StoredFile } from '../domain/file'
import type { Folder } from '../domain/listing'
import type { Timing } from '../domain/timing'
import { requireOwner, requireRightBelow } from './access'
import { decodeCursor, encodeCursor, type ListingQuery } from './listing-cursor'
import { requirePageLimit } from './page-limit'

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
    const { database, settings, now } = this.use
    const { cursor, limit, ...rest } = asked
    requirePageLimit(limit, settings.listLimitMax)
    const query = { ...rest, prefix: rest.prefix.normalize('NFC') }
    const after = cursor === null ? null : decodeCursor(query, cursor)
    const viewer = viewerOf(caller, now())
    const startedAt = timing.now()
    if (query.owner !== null) {
      const folder = query.prefix.slice(0, Math.max(0, query.prefix.lastIndexOf('/')))
      await requireRightBelow(database, viewer, { owner: query.owner, folder, needed: 'view' })
      await requireOwner(database, query.owner)
    }
    const { examinedMax } = settings
    const page = await database.files.browse(viewer, { ...query, after, limit, examinedMax })
    timing.end('database', startedAt)
    const { files, folders, next } = page
    return { files, folders, cursor: next && encodeCursor(query, next) }
  }
}
