import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Place } from '../../domain/file'
import type { Grant, LinkSummary } from '../../domain/grant'
import { foldersAbove, foldersOver, type Right } from '../../domain/rights'
import { findByName } from './accounts'
import { fileKeyOf, type GrantRow, type LinkRow, type ShareTarget, type Tables } from './document'
import { membersOf } from './memberships'
import { requireRight, rightTo, type Covered } from './rights'

/** A place as rows refer to it. */
export interface Located extends Covered {
  folder: string | null
}

export function locate(tables: Tables, place: Place): Located | null {
  if ('path' in place) {
    const row = tables.files.get(fileKeyOf(place))
    if (row === undefined) return null
    const { ownerId, id, path } = row
    return { ownerId, fileId: id, folder: null, folders: foldersAbove(path) }
  }
  const ownerId = findByName(tables, place.owner)?.id
  if (ownerId === undefined) return null
  return { ownerId, fileId: null, folder: place.folder, folders: foldersOver(place.folder) }
}

export function rightOver(tables: Tables, viewer: Viewer, located: Located | null): Right | null {
  return located === null ? null : rightTo(tables, viewer, located)
}

/** @throws {AppError} `not_found`, `forbidden`. */
export function requireManaged(tables: Tables, viewer: Viewer, place: Place): Located {
  const located = locate(tables, place)
  requireRight(rightOver(tables, viewer, located), 'manage')
  if (located === null) throw new AppError('not_found', 'there is no such file')
  return located
}

/** Where a share is by now; null for a file in the trash. */
export function placeOf(tables: Tables, share: ShareTarget): Place | null {
  const { ownerId, fileId, folder } = share
  const owner = tables.accounts.get(ownerId)!.name
  if (folder !== null) return { owner, folder }
  for (const file of tables.files.values())
    if (file.id === fileId && file.ownerId === ownerId) return { owner, path: file.path }
  return null
}

/** Where a share that counts is, as a right is asked for. */
export function coveredBy(tables: Tables, share: ShareTarget): Covered {
  return locate(tables, placeOf(tables, share)!)!
}

/** Whether it has not expired, and is not for a file in the trash. */
export function counts(
  tables: Tables,
  share: ShareTarget & { expiresAtMs: number | null },
  nowMs: number,
): boolean {
  const { expiresAtMs } = share
  return (expiresAtMs === null || expiresAtMs > nowMs) && placeOf(tables, share) !== null
}

export function grantOf(tables: Tables, row: GrantRow): Grant {
  const { id, accountId, groupId, right, expiresAtMs, createdAtMs } = row
  return {
    id,
    place: placeOf(tables, row)!,
    to:
      accountId === null
        ? { group: tables.groups.get(groupId!)!.name }
        : { account: tables.accounts.get(accountId)!.name },
    members: groupId === null ? null : membersOf(tables, groupId).length,
    right,
    expiresAtMs,
    createdBy: tables.accounts.get(row.createdBy)?.name ?? null,
    createdAtMs,
  }
}

export function linkOf(tables: Tables, row: LinkRow): LinkSummary {
  const { id, mode, label, expiresAtMs, createdAtMs } = row
  const createdBy = tables.accounts.get(row.createdBy)?.name ?? null
  return { id, place: placeOf(tables, row)!, mode, label, expiresAtMs, createdBy, createdAtMs }
}
