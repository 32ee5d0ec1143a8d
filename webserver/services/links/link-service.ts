import { viewerOf, type Caller } from '../../domain/account'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import { requirePlace, type Place } from '../../domain/file'
import type { Link, LinkChanges, LinkMode } from '../../domain/link'
import type { PasswordHasher } from '../../domain/password-hasher'
import { formatToken } from '../../domain/secret-token'
import { requireRightAt } from '../access'
import { digestOf, newToken } from '../secrets'

export interface LinkSettings {
  perOwnerMax: number
  labelLengthMax: number
  lifetimeMsMax: number
}

export interface LinkDependencies {
  database: Database
  hasher: PasswordHasher
  settings: LinkSettings
  now: () => number
}

export interface NewLinkRequest {
  target: Place
  mode: LinkMode
  label: string
  password: string | null
  usesMax: number | null
  bytesMax: number | null
  expiresAtMs: number | null
}

/** What is undefined stays as it is. */
export interface LinkChangeRequest extends Omit<LinkChanges, 'passwordHash'> {
  password?: string | null | undefined
}

export interface LinkQuery {
  owner: string | null
  path: string | null
  folder: string | null
}

/** Links as those see them who manage them. */
export class LinkService {
  constructor(private readonly use: LinkDependencies) {}

  /**
   * @returns the token as well, this once: only a digest of it is kept.
   * @throws {AppError} `invalid`, `not_found`, `forbidden`, `conflict` when the owner has too many links.
   */
  async create(caller: Caller, request: NewLinkRequest): Promise<{ token: string; link: Link }> {
    const { database, settings, now } = this.use
    const viewer = viewerOf(caller, now())
    const target = requirePlace(request.target)
    this.requireTerms(request, viewer.nowMs)
    if (request.mode === 'upload' && !('folder' in target))
      throw new AppError('invalid', 'Files are uploaded into a folder', { field: 'folder' })
    await this.requireManaged(caller, target)
    const { password, ...terms } = request
    const token = newToken()
    const link = await database.links.create(viewer, {
      ...terms,
      ...{ id: token.id, secretHash: digestOf(token.secret), target },
      passwordHash: await this.hashOf(password),
      perOwnerMax: settings.perOwnerMax,
    })
    return { token: formatToken('gl', token), link }
  }

  /** Those that the caller may manage: at a place, of an owner, or, when neither is named, those the caller made. */
  async list(caller: Caller, query: LinkQuery): Promise<Link[]> {
    const { database, settings, now } = this.use
    const { owner, path, folder } = query
    if (owner !== null && path !== null)
      await this.requireManaged(caller, requirePlace({ owner, path }))
    if (owner !== null && folder !== null)
      await this.requireManaged(caller, requirePlace({ owner, folder }))
    return database.links.list(viewerOf(caller, now()), { ...query, limit: settings.perOwnerMax })
  }

  /** @throws {AppError} `not_found` also when the caller may not manage it. */
  async get(caller: Caller, id: string): Promise<Link> {
    const link = await this.use.database.links.findManaged(viewerOf(caller, this.use.now()), id)
    if (link === null) throw new AppError('not_found', 'There is no such link')
    return link
  }

  /** @throws {AppError} `invalid`, `not_found`. */
  async change(caller: Caller, id: string, request: LinkChangeRequest): Promise<Link> {
    const { database, now } = this.use
    const viewer = viewerOf(caller, now())
    const { password, ...rest } = request
    // Hashing is dear: nobody gets it done for a link that is not theirs.
    await this.get(caller, id)
    this.requireTerms(rest, viewer.nowMs)
    const passwordHash = password === undefined ? undefined : await this.hashOf(password)
    return database.links.change(viewer, { id, changes: { ...rest, passwordHash } })
  }

  /** @throws {AppError} `not_found`. */
  async delete(caller: Caller, id: string): Promise<void> {
    await this.use.database.links.delete(viewerOf(caller, this.use.now()), { id })
  }

  private requireTerms(
    { label, expiresAtMs }: { label?: string | undefined; expiresAtMs?: number | null | undefined },
    nowMs: number,
  ): void {
    const { labelLengthMax, lifetimeMsMax } = this.use.settings
    if (label !== undefined && Array.from(label).length > labelLengthMax)
      throw new AppError('invalid', `label has more than ${labelLengthMax} characters`, {
        field: 'label',
      })
    if (expiresAtMs === undefined || lifetimeMsMax === 0) return
    if (expiresAtMs === null || expiresAtMs > nowMs + lifetimeMsMax)
      throw new AppError('invalid', `A link lives for at most ${lifetimeMsMax / 1000} s`, {
        field: 'expiresAt',
      })
  }

  private async requireManaged(caller: Caller, place: Place): Promise<void> {
    const { database, now } = this.use
    await requireRightAt(database, viewerOf(caller, now()), { place, needed: 'manage' })
  }

  private async hashOf(password: string | null): Promise<string | null> {
    return password === null ? null : this.use.hasher.hash(password)
  }
}
