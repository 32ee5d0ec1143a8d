import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import { allows, foldersAbove, foldersOver, highestOf, type Right } from '../../domain/rights'
import type { Handlers } from '../operations'
import { findByName } from './accounts'
import { fileKeyOf, type GrantRow, type LinkRow, type ShareTarget, type Tables } from './document'

/** A file, or the place of one that does not exist (`fileId` null). */
export interface FileTarget {
  ownerId: string
  fileId: string | null
  path: string
}

/** What a right reaches: a file by its id, and all folders that hold what is asked about. */
export interface Covered {
  ownerId: string
  fileId: string | null
  folders: readonly string[]
}

export function rightHandlers(tables: Tables): Handlers<'rights.ofFile' | 'rights.ofFolder'> {
  return {
    'rights.ofFile': (viewer, key) => {
      const ownerId = findByName(tables, key.owner)?.id
      const fileId = tables.files.get(fileKeyOf(key))?.id ?? null
      return ownerId === undefined
        ? null
        : rightToFile(tables, viewer, { ownerId, fileId, path: key.path })
    },
    'rights.ofFolder': (viewer, { owner, folder }) => {
      const ownerId = findByName(tables, owner)?.id
      return ownerId === undefined ? null : rightToFolder(tables, viewer, { ownerId, folder })
    },
  }
}

/** D3's predicate: every statement about a file of somebody's asks here. Null when the viewer may not know the target. */
export function rightToFile(
  tables: Tables,
  viewer: Viewer,
  { path, ...target }: FileTarget,
): Right | null {
  return rightTo(tables, viewer, { ...target, folders: foldersAbove(path) })
}

/** Over all that lies and will lie below a folder. */
export function rightToFolder(
  tables: Tables,
  viewer: Viewer,
  { ownerId, folder }: { ownerId: string; folder: string },
): Right | null {
  return rightTo(tables, viewer, { ownerId, fileId: null, folders: foldersOver(folder) })
}

/** @throws {AppError} `not_found` when the viewer may not know the target; `forbidden` when they may, but not this. */
export function requireRight(held: Right | null, needed: Right): void {
  if (allows(held, needed)) return
  if (allows(held, 'view')) throw new AppError('forbidden', `this needs the right to ${needed}`)
  throw new AppError('not_found', 'there is no such file')
}

export function rightTo(tables: Tables, viewer: Viewer, place: Covered): Right | null {
  if (viewer.seesAll || viewer.accountId === place.ownerId) return 'manage'
  const { linkId, nowMs } = viewer
  if (linkId === null) return granted(tables, viewer, place)
  const link = tables.links.get(linkId)
  if (link === undefined || !covers(link, place, nowMs)) return null
  if (!isUpheld(tables, link, { place, nowMs })) return null
  return link.mode === 'view' ? 'view' : 'add'
}

/** A link is worth what its maker may do now: it holds only while they may share what it is for. */
function isUpheld(
  tables: Tables,
  { folder, createdBy }: LinkRow,
  { place, nowMs }: { place: Covered; nowMs: number },
): boolean {
  const account = tables.accounts.get(createdBy)
  if (account === undefined) return false
  const maker = {
    accountId: createdBy,
    name: account.name,
    seesAll: account.role === 'admin',
    linkId: null,
    nowMs,
  }
  const target = folder === null ? place : { ...place, fileId: null, folders: foldersOver(folder) }
  return rightTo(tables, maker, target) === 'manage'
}

function granted(tables: Tables, viewer: Viewer, place: Covered): Right | null {
  return highestOf(grantsTo(tables, viewer, place).map(({ right }) => right))
}

/** Those that give the viewer something at a place. */
export function grantsTo(tables: Tables, viewer: Viewer, place: Covered): GrantRow[] {
  return [...tables.grants.values()].filter(
    (grant) => covers(grant, place, viewer.nowMs) && isTo(tables, viewer, grant),
  )
}

/** Whether it is the viewer's own, or a group's that they are in. */
export function isTo(tables: Tables, { accountId }: Viewer, grant: GrantRow): boolean {
  return grant.accountId === accountId || tables.members.has(`${grant.groupId}/${accountId}`)
}

/** When the viewer, who manages it now, will no longer; null for never. */
export function endOfManaging(tables: Tables, viewer: Viewer, place: Covered): number | null {
  if (viewer.seesAll || viewer.accountId === place.ownerId) return null
  const managing = grantsTo(tables, viewer, place).filter(({ right }) => right === 'manage')
  const ends = managing.map(({ expiresAtMs }) => expiresAtMs ?? Infinity)
  const last = Math.max(...ends)
  return last === Infinity ? null : last
}

export function covers(
  share: ShareTarget & { expiresAtMs: number | null },
  { ownerId, fileId, folders }: Covered,
  nowMs: number,
): boolean {
  const { folder, expiresAtMs } = share
  if (share.ownerId !== ownerId || (expiresAtMs !== null && expiresAtMs <= nowMs)) return false
  return folder === null ? share.fileId === fileId : folders.includes(folder)
}
