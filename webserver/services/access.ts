import { viewerOf, type Account, type Caller, type Viewer } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'

/**
 * Who may work with an owner's files: the owner and admins. For anyone else neither the owner nor the file exists; the
 * database's queries carry the same predicate (DESIGN D3).
 * @throws {AppError} `not_found`
 */
export function requireAccess(caller: Caller, owner: string): Viewer {
  const viewer = viewerOf(caller)
  if (viewer.seesAll || caller.name === owner) return viewer
  throw noSuchFile()
}

/** @throws {AppError} `not_found` when there is no such account or the caller may not know. */
export async function requireOwner(
  database: Database,
  caller: Caller,
  owner: string,
): Promise<Account> {
  requireAccess(caller, owner)
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
