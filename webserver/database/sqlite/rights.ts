import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { LinkMode } from '../../domain/link'
import { allows, foldersAbove, foldersOver, highestOf, type Right } from '../../domain/rights'
import type { Handlers } from '../operations'
import type { Connection } from './connection'
import { accountIdFinder, rowFinder } from './row-finder'

/** A file, or the place of one that does not exist (`fileId` null). */
export interface FileTarget {
  ownerId: string
  fileId: string | null
  path: string
}

/** A link that covers a place, and who made it. */
interface CoveringLink {
  mode: LinkMode
  folder: string | null
  makerId: string
  makerIsAdmin: 0 | 1
}

/** What a right reaches: a file by its id, and all folders that hold what is asked about. */
export interface Covered {
  ownerId: string
  fileId: string | null
  folders: readonly string[]
}

export function rightQueries(
  connection: Connection,
): Handlers<'rights.ofFile' | 'rights.ofFolder'> {
  const idOf = accountIdFinder(connection)
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  return {
    'rights.ofFile': (viewer, key) => {
      const ownerId = idOf(key.owner)
      if (ownerId === undefined) return null
      return rights.ofFile(viewer, { ownerId, fileId: findRow(key)?.id ?? null, path: key.path })
    },
    'rights.ofFolder': (viewer, { owner, folder }) => {
      const ownerId = idOf(owner)
      return ownerId === undefined ? null : rights.ofFolder(viewer, ownerId, folder)
    },
  }
}

/** D3's predicate: every statement about a file of somebody's asks here what the viewer may do with it. */
export class Rights {
  private readonly granted
  private readonly managing
  private readonly link

  constructor(connection: Connection) {
    const covering = `owner_id = :ownerId
      AND (file_id = :fileId OR folder IN (SELECT value FROM json_each(:folders)))
      AND (expires_at_ms IS NULL OR expires_at_ms > :nowMs)`
    const toViewer = `${covering} AND (account_id = :accountId OR group_id IN (
      SELECT group_id FROM group_members WHERE account_id = :accountId))`
    this.granted = connection
      .prepare<[object], Right>(`SELECT right FROM grants WHERE ${toViewer}`)
      .pluck()
    this.managing = connection
      .prepare<[object], number | null>(
        `SELECT expires_at_ms FROM grants WHERE ${toViewer} AND right = 'manage'`,
      )
      .pluck()
    this.link = connection.prepare<[object], CoveringLink>(`
      SELECT mode, folder, created_by AS makerId, accounts.role = 'admin' AS makerIsAdmin
      FROM links JOIN accounts ON accounts.id = links.created_by
      WHERE links.id = :linkId AND ${covering}`)
  }

  /** Null when the viewer may not know that the target exists. */
  ofFile(viewer: Viewer, { ownerId, fileId, path }: FileTarget): Right | null {
    return this.over(viewer, { ownerId, fileId, folders: foldersAbove(path) })
  }

  /** Over all that lies and will lie below a folder. */
  ofFolder(viewer: Viewer, ownerId: string, folder: string): Right | null {
    return this.over(viewer, { ownerId, fileId: null, folders: foldersOver(folder) })
  }

  over(viewer: Viewer, covered: Covered): Right | null {
    return this.isOwn(viewer, covered.ownerId) ? 'manage' : this.shared(viewer, covered)
  }

  /** When the viewer, who manages it now, will no longer; null for never. */
  endOfManaging(viewer: Viewer, { folders, ...covered }: Covered): number | null {
    const { accountId, nowMs } = viewer
    if (this.isOwn(viewer, covered.ownerId)) return null
    const args = { ...covered, folders: JSON.stringify(folders), accountId, nowMs }
    const ends = this.managing.all(args)
    return ends.includes(null) ? null : Math.max(...(ends as number[]))
  }

  /** @throws {AppError} `not_found` when the viewer may not know the target; `forbidden` when they may, but not this. */
  require(viewer: Viewer, target: FileTarget, needed: Right): void {
    requireRight(this.ofFile(viewer, target), needed)
  }

  private isOwn({ accountId, seesAll }: Viewer, ownerId: string): boolean {
    return seesAll || accountId === ownerId
  }

  private shared(viewer: Viewer, place: Covered): Right | null {
    const { accountId, linkId, nowMs } = viewer
    const args = { ...place, folders: JSON.stringify(place.folders), nowMs }
    if (linkId === null) return highestOf(this.granted.all({ ...args, accountId }))
    const link = this.link.get({ ...args, linkId })
    if (link === undefined || !this.isUpheld(link, place, nowMs)) return null
    return link.mode === 'view' ? 'view' : 'add'
  }

  /** A link is worth what its maker may do now: it holds only while they may share what it is for. */
  private isUpheld(link: CoveringLink, place: Covered, nowMs: number): boolean {
    const { folder, makerId, makerIsAdmin } = link
    const maker = {
      accountId: makerId,
      name: null,
      seesAll: makerIsAdmin === 1,
      linkId: null,
      nowMs,
    }
    if (this.isOwn(maker, place.ownerId)) return true
    const target =
      folder === null ? place : { ...place, fileId: null, folders: foldersOver(folder) }
    return allows(this.shared(maker, target), 'manage')
  }
}

/** @throws {AppError} `not_found` when the viewer may not know the target; `forbidden` when they may, but not this. */
export function requireRight(held: Right | null, needed: Right): void {
  if (allows(held, needed)) return
  if (allows(held, 'view')) throw new AppError('forbidden', `this needs the right to ${needed}`)
  throw new AppError('not_found', 'there is no such file')
}
