import type { Account, Caller, Viewer } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import type { FileKey, Place } from '../domain/file'
import { allows, type Right } from '../domain/rights'

/**
 * Who may work with an owner's file: the owner, admins, and those it is shared with. For anyone else neither the owner nor
 * the file exists; the database's operations carry the same predicate (DESIGN D3).
 * @throws {AppError} `not_found`; `forbidden` to those who may see it, but not this.
 */
export async function requireRight(
  database: Database,
  viewer: Viewer,
  { key, needed }: { key: FileKey; needed: Right },
): Promise<void> {
  if (owns(viewer, key.owner)) return
  refuseUnless(await database.rights.ofFile(viewer, key), needed)
}

/** The same over all that lies below a folder; `''` is everything of the owner's. */
export async function requireRightBelow(
  database: Database,
  viewer: Viewer,
  { owner, folder, needed }: { owner: string; folder: string; needed: Right },
): Promise<void> {
  if (owns(viewer, owner)) return
  refuseUnless(await database.rights.ofFolder(viewer, { owner, folder }), needed)
}

/** The same at what can be shared. */
export async function requireRightAt(
  database: Database,
  viewer: Viewer,
  { place, needed }: { place: Place; needed: Right },
): Promise<void> {
  if ('path' in place) await requireRight(database, viewer, { key: place, needed })
  else await requireRightBelow(database, viewer, { ...place, needed })
}

function owns(viewer: Viewer, owner: string): boolean {
  return viewer.seesAll || viewer.name === owner
}

function refuseUnless(held: Right | null, needed: Right): void {
  if (allows(held, needed)) return
  if (allows(held, 'view')) throw new AppError('forbidden', `This needs the right to ${needed}`)
  throw noSuchFile()
}

/** The account whose files are asked about; ask for a right first. @throws {AppError} `not_found`. */
export async function requireOwner(database: Database, owner: string): Promise<Account> {
  const account = await database.accounts.findByName(owner)
  if (account === null) throw noSuchFile()
  return account
}

/** @throws {AppError} `forbidden` */
export function requireAdmin({ role }: Caller): void {
  if (role !== 'admin') throw new AppError('forbidden', 'Only an admin may do this')
}

export function noSuchFile(): AppError {
  return new AppError('not_found', 'There is no such file')
}
