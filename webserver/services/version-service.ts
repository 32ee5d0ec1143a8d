import { viewerOf, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { requireFileKey, type FileCondition, type FileKey, type StoredFile } from '../domain/file'
import type { Timing } from '../domain/timing'
import type { FileVersion, VersionKey } from '../domain/version'
import { explainingQuota } from './quota-refusal'
import { notACursor, requirePageLimit } from './paging'
import { noSuchFile, requireRight } from './access'

export interface VersionSettings {
  listLimitMax: number
  /** Earlier versions that each file keeps. */
  versionsKept: number
}

export interface VersionDependencies {
  database: Database
  settings: VersionSettings
  now: () => number
}

export interface VersionPage {
  versions: FileVersion[]
  /** Asks for the next page; null after the last. */
  cursor: string | null
}

export interface VersionQuery {
  key: FileKey
  cursor: string | null
  limit: number
}

/** What files held before they were replaced. */
export class VersionService {
  constructor(private readonly use: VersionDependencies) {}

  /** Newest first, the current one among them. @throws {AppError} `invalid`, `not_found`. */
  async list(caller: Caller, query: VersionQuery, timing: Timing): Promise<VersionPage> {
    const limit = requirePageLimit(query.limit, this.use.settings.listLimitMax)
    const key = requireFileKey(query.key)
    const before = query.cursor === null ? null : versionFrom(query.cursor)
    const startedAt = timing.now()
    const viewer = viewerOf(caller, this.use.now())
    const { database } = this.use
    await requireRight(database, viewer, { key, needed: 'view' })
    const found = await database.versions.list(viewer, { key, before, limit: limit + 1 })
    timing.end('database', startedAt)
    if (found === null) throw noSuchFile()
    const versions = found.slice(0, limit)
    const last = versions.at(-1)
    return { versions, cursor: found.length > limit && last ? String(last.version) : null }
  }

  /**
   * Makes an earlier version's content the file's next version.
   * @throws {AppError} `invalid`, `not_found`, `forbidden`, `precondition_failed`; `conflict` when it is current already;
   * `quota_exceeded`.
   */
  async restore(
    caller: Caller,
    { key, ...args }: VersionKey & { condition: FileCondition },
    timing: Timing,
  ): Promise<StoredFile> {
    const { database, settings } = this.use
    const nowMs = this.use.now()
    const viewer = viewerOf(caller, nowMs)
    const checked = requireFileKey(key)
    await requireRight(database, viewer, { key: checked, needed: 'edit' })
    const startedAt = timing.now()
    const { versionsKept } = settings
    const restoration = { ...args, key: checked, nowMs, versionsKept }
    const file = await explainingQuota(database, { viewer, owner: key.owner }, () =>
      database.versions.restore(viewer, restoration),
    )
    timing.end('commit', startedAt)
    return file
  }

  /**
   * For good, so that editing is not enough.
   * @throws {AppError} `invalid`, `not_found`, `forbidden`; `conflict` when it is the current one.
   */
  async delete(caller: Caller, { key, version }: VersionKey, timing: Timing): Promise<void> {
    const { database } = this.use
    const nowMs = this.use.now()
    const viewer = viewerOf(caller, nowMs)
    const checked = requireFileKey(key)
    await requireRight(database, viewer, { key: checked, needed: 'manage' })
    const startedAt = timing.now()
    await database.versions.delete(viewer, { key: checked, version, nowMs })
    timing.end('commit', startedAt)
  }
}

function versionFrom(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor)
  throw notACursor()
}
