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
  /**
   * The sums of the sizes of the account's files, their earlier versions, its trash, and what uploads have reserved; kept
   * exact in the commit that changes them. Together they stay within `quotaBytes`.
   */
  usedBytes: number
  versionBytes: number
  trashBytes: number
  reservedBytes: number
  /** A session is valid only while its epoch equals this; bumped with every change of password, role or ban. */
  authEpoch: number
  createdAtMs: number
}

/** How many bytes more the account may have; negative where its quota was lowered. */
export function roomOf(account: Account): number {
  const { quotaBytes, usedBytes, versionBytes, trashBytes, reservedBytes } = account
  return quotaBytes - usedBytes - versionBytes - trashBytes - reservedBytes
}

/** Who asks: the first parameter of every service method. */
export interface Caller {
  accountId: string
  name: string
  role: Role
  sessionId: string
}

/** Who comes by a link: it alone says what they may do. */
export interface LinkVisitor {
  linkId: string
}

/** Whose rights decide: somebody with a session, or whoever has a link. */
export type Principal = Caller | LinkVisitor

/**
 * The caller's predicate, carried by every file query so that a forgotten check still answers `not_found`. Rights end by
 * the clock, so it says when it was asked.
 */
export interface Viewer {
  /** Null for who comes by a link. */
  accountId: string | null
  name: string | null
  seesAll: boolean
  linkId: string | null
  nowMs: number
}

export function viewerOf(who: Principal, nowMs: number): Viewer {
  if ('linkId' in who)
    return { accountId: null, name: null, seesAll: false, linkId: who.linkId, nowMs }
  const { accountId, name, role } = who
  return { accountId, name, seesAll: role === 'admin', linkId: null, nowMs }
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
