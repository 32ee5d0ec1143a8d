import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import {
  afterGuess,
  afterRightGuess,
  type Link,
  type LinkListing,
  type NewLink,
  type OpenUse,
} from '../../domain/link'
import { allows } from '../../domain/rights'
import { linkAfter, requireUnlocked, usesAfter } from '../link-rules'
import type { Handlers } from '../operations'
import type { Connection } from './connection'
import { requireRight, Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

type Queries = 'links.find' | 'links.findManaged' | 'links.list'
type Commands =
  | 'links.create'
  | 'links.change'
  | 'links.delete'
  | 'links.consume'
  | 'links.release'
  | 'links.guess'
  | 'links.absolve'
  | 'links.deleteExpired'

interface LinkRow extends Link {
  ownerId: string
  createdById: string
  /** JSON, an array of `OpenUse`. */
  openUses: string
}

const select = `
  SELECT links.id AS id, secret_hash AS secretHash, links.owner_id AS ownerId,
    owners.name AS owner, file_id AS fileId, files.path AS path, folder, mode, label,
    links.password_hash AS passwordHash, password_failures AS passwordFailures,
    locked_until_ms AS lockedUntilMs, uses, uses_max AS usesMax, open_uses AS openUses,
    bytes_max AS bytesMax, expires_at_ms AS expiresAtMs, created_by AS createdById,
    makers.name AS createdBy, links.created_at_ms AS createdAtMs
  FROM links JOIN accounts AS owners ON owners.id = links.owner_id
    JOIN accounts AS makers ON makers.id = links.created_by
    LEFT JOIN files ON files.id = links.file_id`

export function linkQueries(connection: Connection): Handlers<Queries> {
  const links = new Links(connection)
  return {
    'links.find': (id) => {
      const row = links.find(id)
      return row === undefined ? null : linkOf(row)
    },
    'links.findManaged': (viewer, id) => {
      const row = links.findManaged(viewer, id)
      return row === undefined ? null : linkOf(row)
    },
    'links.list': listing(connection, links),
  }
}

export function linkCommands(connection: Connection): Handlers<Commands> {
  return {
    ...managing(connection),
    ...using(connection),
    ...guessing(connection),
    'links.deleteExpired': sweeping(connection),
  }
}

class Links {
  private readonly byId
  private readonly rights

  constructor(connection: Connection) {
    this.byId = connection.prepare<[string], LinkRow>(`${select} WHERE links.id = ?`)
    this.rights = new Rights(connection)
  }

  find(id: string): LinkRow | undefined {
    return this.byId.get(id)
  }

  findManaged(viewer: Viewer, id: string): LinkRow | undefined {
    const row = this.byId.get(id)
    return row !== undefined && this.isManagedBy(viewer, row) ? row : undefined
  }

  /** @throws {AppError} `not_found`. */
  require(id: string): LinkRow {
    return required(this.find(id))
  }

  /** @throws {AppError} `not_found`. */
  requireManaged(viewer: Viewer, id: string): LinkRow {
    return required(this.findManaged(viewer, id))
  }

  isManagedBy(viewer: Viewer, { ownerId, fileId, path, folder }: LinkRow): boolean {
    const held =
      folder === null
        ? // A file in the trash is at no path.
          this.rights.ofFile(viewer, { ownerId, fileId, path: path ?? '' })
        : this.rights.ofFolder(viewer, ownerId, folder)
    return allows(held, 'manage')
  }
}

function required(row: LinkRow | undefined): LinkRow {
  if (row !== undefined) return row
  throw new AppError('not_found', 'there is no such link')
}

function listing(connection: Connection, links: Links): Handlers<Queries>['links.list'] {
  const order = 'ORDER BY links.created_at_ms DESC, links.id DESC'
  const ofOwner = connection.prepare<[object], LinkRow>(`${select}
    WHERE owners.name = :owner AND (:path IS NULL OR files.path = :path)
      AND (:folder IS NULL OR folder = :folder) ${order}`)
  const ofMaker = connection.prepare<[object], LinkRow>(
    `${select} WHERE created_by = :accountId ${order}`,
  )
  return (viewer, { limit, ...where }: LinkListing) => {
    const { accountId } = viewer
    const rows = where.owner === null ? ofMaker.iterate({ accountId }) : ofOwner.iterate(where)
    const found: Link[] = []
    for (const row of rows) {
      if (links.isManagedBy(viewer, row)) found.push(linkOf(row))
      if (found.length === limit) break
    }
    return found
  }
}

function managing(
  connection: Connection,
): Handlers<'links.create' | 'links.change' | 'links.delete'> {
  const links = new Links(connection)
  const change = connection.prepare<[object]>(`
    UPDATE links SET label = :label, uses_max = :usesMax, bytes_max = :bytesMax,
      expires_at_ms = :expiresAtMs, password_hash = :passwordHash,
      password_failures = :passwordFailures, locked_until_ms = :lockedUntilMs
    WHERE id = :id`)
  const remove = connection.prepare<[string]>('DELETE FROM links WHERE id = ?')
  return {
    'links.create': creating(connection, links),
    'links.change': (viewer, { id, changes }) => {
      change.run({ ...linkAfter(links.requireManaged(viewer, id), changes), id })
      return linkOf(links.require(id))
    },
    'links.delete': (viewer, { id }) => {
      remove.run(links.requireManaged(viewer, id).id)
    },
  }
}

function creating(connection: Connection, links: Links): Handlers<Commands>['links.create'] {
  const requireTarget = targeting(connection)
  const count = connection
    .prepare<[string], number>('SELECT count(*) FROM links WHERE owner_id = ?')
    .pluck()
  const insert = connection.prepare<[object]>(`
    INSERT INTO links
      (id, secret_hash, owner_id, file_id, folder, mode, label, password_hash, password_failures,
        locked_until_ms, uses, uses_max, open_uses, bytes_max, expires_at_ms, created_by, created_at_ms)
    SELECT :id, :secretHash, :ownerId, :fileId, :folder, :mode, :label, :passwordHash, 0,
      0, 0, :usesMax, '[]', :bytesMax, :expiresAtMs, id, :nowMs
    FROM accounts WHERE id = :accountId
    ON CONFLICT DO NOTHING`)
  return (viewer, { target, perOwnerMax, ...link }) => {
    const at = requireTarget(viewer, target)
    if (count.get(at.ownerId)! >= perOwnerMax)
      throw new AppError('conflict', `there are ${perOwnerMax} links already`)
    const { accountId, nowMs } = viewer
    if (insert.run({ ...link, ...at, accountId, nowMs }).changes === 0)
      throw new AppError('conflict', 'the account was changed meanwhile')
    return linkOf(links.require(link.id))
  }
}

/** @throws {AppError} `not_found`, `forbidden` unless the viewer manages the target. */
function targeting(connection: Connection) {
  const idOf = accountIdFinder(connection)
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  return (viewer: Viewer, target: NewLink['target']) => {
    const ownerId = idOf(target.owner)
    if (ownerId === undefined) throw new AppError('not_found', 'there is no such file')
    if ('folder' in target) {
      requireRight(rights.ofFolder(viewer, ownerId, target.folder), 'manage')
      return { ownerId, fileId: null, folder: target.folder }
    }
    const file = findRow(target)
    if (file === undefined) throw new AppError('not_found', 'there is no such file')
    rights.require(viewer, { ...file, fileId: file.id }, 'manage')
    return { ownerId, fileId: file.id, folder: null }
  }
}

function using(connection: Connection): Handlers<'links.consume' | 'links.release'> {
  const links = new Links(connection)
  const take = connection.prepare<[object]>(
    'UPDATE links SET uses = :uses, open_uses = :openUses WHERE id = :id',
  )
  const giveBack = connection.prepare<[object]>(
    'UPDATE links SET uses = max(0, uses - 1) WHERE id = :id AND uses_max IS NOT NULL',
  )
  return {
    'links.consume': (use) => {
      const row = links.require(use.id)
      const openUses = JSON.parse(row.openUses) as OpenUse[]
      const after = usesAfter({ ...row, openUses }, use)
      if (after.uses === row.uses) return
      take.run({ id: use.id, uses: after.uses, openUses: JSON.stringify(after.openUses) })
    },
    'links.release': (args) => {
      giveBack.run(args)
    },
  }
}

function guessing(connection: Connection): Handlers<'links.guess' | 'links.absolve'> {
  const links = new Links(connection)
  const count = connection.prepare<[object]>(`
    UPDATE links SET password_failures = :passwordFailures, locked_until_ms = :lockedUntilMs
    WHERE id = :id`)
  return {
    'links.guess': ({ id, nowMs, policy }) => {
      const row = links.require(id)
      requireUnlocked(row, nowMs, policy)
      count.run({ id, ...afterGuess(row, nowMs, policy) })
    },
    'links.absolve': ({ id, nowMs, policy }) => {
      const row = links.find(id)
      if (row !== undefined) count.run({ id, ...afterRightGuess(row, nowMs, policy) })
    },
  }
}

function sweeping(connection: Connection): Handlers<Commands>['links.deleteExpired'] {
  const sweep = connection.prepare<[object]>(`
    DELETE FROM links WHERE id IN (
      SELECT id FROM links WHERE expires_at_ms < :beforeMs LIMIT :limit)`)
  return (args) => sweep.run(args).changes
}

function linkOf({ ownerId: _, createdById: __, openUses: ___, ...link }: LinkRow): Link {
  return link
}
