import { randomUUID } from 'node:crypto'
import { viewerOf, type Caller, type Viewer } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'
import { requireFileKey, requirePlace, type FileKey, type Place } from '../domain/file'
import type { Grant, GrantableRight, Grantee, Permissions } from '../domain/grant'
import { noSuchFile, requireRightAt } from './access'
import { requirePageLimit } from './paging'
import { ageCursorOf, ageOf, sharedCursorOf, sharedKeyOf } from './share-cursor'

export interface SharingSettings {
  grantsPerPlaceMax: number
  grantsPerOwnerMax: number
  listLimitMax: number
}

export interface SharingDependencies {
  database: Database
  settings: SharingSettings
  now: () => number
}

export interface NewGrant {
  place: Place
  to: Grantee
  right: GrantableRight
  /** Null for ever. */
  expiresAtMs: number | null
}

export interface GrantPage {
  grants: Grant[]
  /** Asks for the next page; null after the last. */
  cursor: string | null
}

export interface PageQuery {
  cursor: string | null
  limit: number
}

/** Rights for others to one's files and folders, and what others gave. */
export class SharingService {
  constructor(private readonly use: SharingDependencies) {}

  /**
   * Gives an account or a group a right, or changes the one it has at this very place.
   * @throws {AppError} `not_found`, `forbidden`, `invalid`, `conflict`: see `GrantRecords.set`.
   */
  async grant(caller: Caller, { place, ...rest }: NewGrant) {
    const { database, settings } = this.use
    const viewer = this.viewer(caller)
    const checked = requirePlace(place)
    requireFuture(rest.expiresAtMs, viewer)
    await requireRightAt(this.use.database, viewer, { place: checked, needed: 'manage' })
    return database.grants.set(viewer, {
      ...rest,
      id: randomUUID(),
      place: checked,
      perPlaceMax: settings.grantsPerPlaceMax,
      perOwnerMax: settings.grantsPerOwnerMax,
    })
  }

  /** What applies at a place, also by a folder above it, oldest first. @throws {AppError} `not_found`, `forbidden`, `invalid`. */
  async list(caller: Caller, place: Place, { cursor, limit }: PageQuery): Promise<GrantPage> {
    const viewer = this.viewer(caller)
    const checked = requirePlace(place)
    const after = cursor === null ? null : ageOf(cursor)
    const max = requirePageLimit(limit, this.use.settings.listLimitMax)
    await requireRightAt(this.use.database, viewer, { place: checked, needed: 'manage' })
    const args = { place: checked, after, limit: max + 1 }
    return pageOf(await this.use.database.grants.listAt(viewer, args), max, ageCursorOf)
  }

  /** What others gave to the caller or a group that they are in. @throws {AppError} `invalid`. */
  async listShared(caller: Caller, { cursor, limit }: PageQuery): Promise<GrantPage> {
    const after = cursor === null ? null : sharedKeyOf(cursor)
    const max = requirePageLimit(limit, this.use.settings.listLimitMax)
    const args = { after, limit: max + 1 }
    const grants = await this.use.database.grants.listOf(this.viewer(caller), args)
    return pageOf(grants, max, sharedCursorOf)
  }

  /** @throws {AppError} `not_found`, `forbidden`, `invalid`: see `GrantRecords.change`. */
  async change(
    caller: Caller,
    id: string,
    change: { right?: GrantableRight | undefined; expiresAtMs?: number | null | undefined },
  ): Promise<Grant> {
    const viewer = this.viewer(caller)
    requireFuture(change.expiresAtMs ?? null, viewer)
    const { place } = await this.find(viewer, id)
    await requireRightAt(this.use.database, viewer, { place, needed: 'manage' })
    return this.use.database.grants.change(viewer, { id, ...change })
  }

  /** Takes it back, or gives it up. @throws {AppError} `not_found`, `forbidden`. */
  async revoke(caller: Caller, id: string): Promise<void> {
    const viewer = this.viewer(caller)
    await this.find(viewer, id)
    await this.use.database.grants.delete(viewer, { id })
  }

  /** Who may do what at a place, and why. @throws {AppError} `not_found`, `invalid`. */
  async explain(caller: Caller, place: Place): Promise<Permissions> {
    const viewer = this.viewer(caller)
    const checked = requirePlace(place)
    await requireRightAt(this.use.database, viewer, { place: checked, needed: 'view' })
    const limit = this.use.settings.listLimitMax
    const permissions = await this.use.database.grants.explain(viewer, { place: checked, limit })
    if (permissions === null) throw noSuchFile()
    return permissions
  }

  /** The same of the file at a path, or else of the folder. @throws {AppError} `not_found`, `invalid`. */
  async explainPath(
    caller: Caller,
    { owner, path }: FileKey,
  ): Promise<{ place: Place; permissions: Permissions }> {
    const file = requireFileKey({ owner, path })
    try {
      return { place: file, permissions: await this.explain(caller, file) }
    } catch (error) {
      if (!isAppError(error, 'not_found')) throw error
    }
    const folder = { owner, folder: file.path }
    return { place: folder, permissions: await this.explain(caller, folder) }
  }

  private async find(viewer: Viewer, id: string): Promise<Grant> {
    const grant = await this.use.database.grants.find(viewer, id)
    if (grant === null) throw new AppError('not_found', 'There is no such grant')
    return grant
  }

  private viewer(caller: Caller): Viewer {
    return viewerOf(caller, this.use.now())
  }
}

function requireFuture(expiresAtMs: number | null, { nowMs }: Viewer): void {
  if (expiresAtMs === null || expiresAtMs > nowMs) return
  throw new AppError('invalid', 'expiresAt must lie in the future', { field: 'expiresAt' })
}

function pageOf(found: Grant[], limit: number, cursorOf: (last: Grant) => string): GrantPage {
  const grants = found.slice(0, limit)
  const last = grants.at(-1)
  return { grants, cursor: found.length > limit && last ? cursorOf(last) : null }
}
