import { AppError } from './errors'

export const roles = ['admin', 'member'] as const
export type Role = (typeof roles)[number]

export interface Account {
  id: string
  /** Unique, immutable; it is the `{owner}` of file paths. */
  name: string
  role: Role
  /** PHC string. */
  passwordHash: string
  quotaBytes: number
  /** The sum of the sizes of the account's files; kept exact in the commit that changes a file. */
  usedBytes: number
  /** A session is valid only while its epoch equals this; bumped with every change of password, role or ban. */
  authEpoch: number
  createdAtMs: number
}

/** Who asks: the first parameter of every service method. */
export interface Caller {
  accountId: string
  name: string
  role: Role
  sessionId: string
}

/** The caller's predicate, carried by every file query so that a forgotten check still answers `not_found`. */
export interface Viewer {
  accountId: string
  seesAll: boolean
}

export function viewerOf(caller: Caller): Viewer {
  return { accountId: caller.accountId, seesAll: caller.role === 'admin' }
}

const accountName = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/

/** @throws {AppError} `invalid` unless the name is 1–63 of a–z, 0–9, `.`, `_`, `-`, beginning and ending with a letter or digit. */
export function requireAccountName(name: string): string {
  if (accountName.test(name) && !name.includes('..')) return name
  throw new AppError(
    'invalid',
    'name must be 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning and ending with a letter or digit',
    { field: 'name' },
  )
}
