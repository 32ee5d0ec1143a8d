import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Place } from '../../domain/file'
import { foldersAbove, foldersOver, type Right } from '../../domain/rights'
import type { Connection } from './connection'
import { requireRight, Rights, type Covered } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

/** A place as rows refer to it. */
export interface Located extends Covered {
  folder: string | null
}

/** Files that are there and folders of owners that are there, with what a viewer may do with them. */
export class Places {
  private readonly findRow
  private readonly ownerIdOf
  readonly rights: Rights

  constructor(connection: Connection) {
    this.findRow = rowFinder(connection)
    this.ownerIdOf = accountIdFinder(connection)
    this.rights = new Rights(connection)
  }

  locate(place: Place): Located | null {
    if ('path' in place) {
      const row = this.findRow(place)
      if (row === undefined) return null
      return { ownerId: row.ownerId, fileId: row.id, folder: null, folders: foldersAbove(row.path) }
    }
    const ownerId = this.ownerIdOf(place.owner)
    if (ownerId === undefined) return null
    return { ownerId, fileId: null, folder: place.folder, folders: foldersOver(place.folder) }
  }

  rightOver(viewer: Viewer, located: Covered | null): Right | null {
    return located === null ? null : this.rights.over(viewer, located)
  }

  /** @throws {AppError} `not_found`, `forbidden`. */
  requireManaged(viewer: Viewer, place: Place): Located {
    const located = this.locate(place)
    requireRight(this.rightOver(viewer, located), 'manage')
    if (located === null) throw new AppError('not_found', 'there is no such file')
    return located
  }
}

/** Where a share is, by its own row. */
export function coveredBy(row: {
  ownerId: string
  fileId: string | null
  path: string | null
  folder: string | null
}): Covered {
  const { ownerId, fileId, path, folder } = row
  const folders = folder === null ? foldersAbove(path!) : foldersOver(folder)
  return { ownerId, fileId, folders }
}
