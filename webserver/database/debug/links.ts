import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import { afterGuess, afterRightGuess, type Link, type NewLink } from '../../domain/link'
import { allows } from '../../domain/rights'
import { linkAfter, requireUnlocked, usesAfter } from '../link-rules'
import type { Handlers } from '../operations'
import { findByName } from './accounts'
import { fileKeyOf, type FileRow, type LinkRow, type Tables } from './document'
import { requireRight, rightToFile, rightToFolder } from './rights'

type Queries = 'links.find' | 'links.findManaged' | 'links.list'
type Management = 'links.create' | 'links.change' | 'links.delete' | 'links.deleteExpired'
type Use = 'links.consume' | 'links.release' | 'links.guess' | 'links.absolve'

export function linkHandlers(tables: Tables): Handlers<Queries | Management | Use> {
  return { ...queries(tables), ...managing(tables), ...using(tables) }
}

function queries(tables: Tables): Handlers<Queries> {
  return {
    'links.find': (id) => {
      const row = tables.links.get(id)
      return row === undefined ? null : linkOf(tables, row)
    },
    'links.findManaged': (viewer, id) => {
      const row = tables.links.get(id)
      return row !== undefined && isManagedBy(tables, viewer, row) ? linkOf(tables, row) : null
    },
    'links.list': (viewer, { owner, path, folder, limit }) =>
      [...tables.links.values()]
        .filter((row) => owner !== null || row.createdBy === viewer.accountId)
        .filter((row) => isManagedBy(tables, viewer, row))
        .map((row) => linkOf(tables, row))
        .filter((link) => owner === null || link.owner === owner)
        .filter((link) => owner === null || path === null || link.path === path)
        .filter((link) => owner === null || folder === null || link.folder === folder)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
  }
}

function managing(tables: Tables): Handlers<Management> {
  return {
    'links.create': (viewer, args) => create(tables, viewer, args),
    'links.change': (viewer, { id, changes }) => {
      const row = requireManaged(tables, viewer, id)
      return linkOf(tables, Object.assign(row, linkAfter(row, changes)))
    },
    'links.delete': (viewer, { id }) => {
      tables.links.delete(requireManaged(tables, viewer, id).id)
    },
    'links.deleteExpired': ({ beforeMs, limit }) => {
      const expired = [...tables.links.values()].filter(
        ({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs < beforeMs,
      )
      const gone = expired.slice(0, limit)
      for (const { id } of gone) tables.links.delete(id)
      return gone.length
    },
  }
}

function create(tables: Tables, viewer: Viewer, args: NewLink): Link {
  const { target, perOwnerMax, ...link } = args
  const at = requireTarget(tables, viewer, target)
  const links = [...tables.links.values()].filter(({ ownerId }) => ownerId === at.ownerId)
  if (links.length >= perOwnerMax)
    throw new AppError('conflict', `there are ${perOwnerMax} links already`)
  const { accountId, nowMs } = viewer
  if (accountId === null || !tables.accounts.has(accountId) || tables.links.has(link.id))
    throw new AppError('conflict', 'the account was changed meanwhile')
  const row: LinkRow = {
    ...link,
    ...at,
    passwordFailures: 0,
    lockedUntilMs: 0,
    uses: 0,
    openUses: [],
    createdBy: accountId,
    createdAtMs: nowMs,
  }
  tables.links.set(row.id, row)
  return linkOf(tables, row)
}

/** @throws {AppError} `not_found`, `forbidden` unless the viewer manages the target. */
function requireTarget(tables: Tables, viewer: Viewer, target: NewLink['target']) {
  const ownerId = findByName(tables, target.owner)?.id
  if (ownerId === undefined) throw new AppError('not_found', 'there is no such file')
  if ('folder' in target) {
    const { folder } = target
    requireRight(rightToFolder(tables, viewer, { ownerId, folder }), 'manage')
    return { ownerId, fileId: null, folder }
  }
  const file = tables.files.get(fileKeyOf(target))
  if (file === undefined) throw new AppError('not_found', 'there is no such file')
  requireRight(rightToFile(tables, viewer, { ...file, fileId: file.id }), 'manage')
  return { ownerId, fileId: file.id, folder: null }
}

function using(tables: Tables): Handlers<Use> {
  return {
    'links.consume': (use) => {
      const row = requireLink(tables, use.id)
      Object.assign(row, usesAfter(row, use))
    },
    'links.release': ({ id }) => {
      const row = tables.links.get(id)
      if (row !== undefined && row.usesMax !== null) row.uses = Math.max(0, row.uses - 1)
    },
    'links.guess': ({ id, nowMs, policy }) => {
      const row = requireLink(tables, id)
      requireUnlocked(row, nowMs, policy)
      Object.assign(row, afterGuess(row, nowMs, policy))
    },
    'links.absolve': ({ id, nowMs, policy }) => {
      const row = tables.links.get(id)
      if (row !== undefined) Object.assign(row, afterRightGuess(row, nowMs, policy))
    },
  }
}

function requireLink(tables: Tables, id: string): LinkRow {
  const row = tables.links.get(id)
  if (row !== undefined) return row
  throw new AppError('not_found', 'there is no such link')
}

function requireManaged(tables: Tables, viewer: Viewer, id: string): LinkRow {
  const row = requireLink(tables, id)
  if (isManagedBy(tables, viewer, row)) return row
  throw new AppError('not_found', 'there is no such link')
}

function isManagedBy(tables: Tables, viewer: Viewer, row: LinkRow): boolean {
  const { ownerId, fileId, folder } = row
  // A file in the trash is at no path.
  const path = fileOf(tables, fileId)?.path ?? ''
  const held =
    folder === null
      ? rightToFile(tables, viewer, { ownerId, fileId, path })
      : rightToFolder(tables, viewer, { ownerId, folder })
  return allows(held, 'manage')
}

function fileOf(tables: Tables, fileId: string | null): FileRow | undefined {
  if (fileId === null) return undefined
  return [...tables.files.values()].find(({ id }) => id === fileId)
}

function linkOf(tables: Tables, row: LinkRow): Link {
  const { ownerId, openUses: _, createdBy, ...link } = row
  return {
    ...link,
    owner: tables.accounts.get(ownerId)!.name,
    path: fileOf(tables, row.fileId)?.path ?? null,
    createdBy: tables.accounts.get(createdBy)!.name,
  }
}
