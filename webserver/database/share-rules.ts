import { AppError } from '../domain/errors'
import type { GroupRole } from '../domain/group'
import { allows, type Right } from '../domain/rights'

export function noSuchGroup(): AppError {
  return new AppError('not_found', 'there is no such group')
}

export function noSuchGrant(): AppError {
  return new AppError('not_found', 'there is no such grant')
}

/** Null is the role of who is no member and no admin. @throws {AppError} `not_found`, `forbidden`. */
export function requireGroupManager(role: GroupRole | null): void {
  if (role === null) throw noSuchGroup()
  if (role === 'member') throw new AppError('forbidden', 'only its managers may change a group')
}

export function noManagerLeft(): AppError {
  return new AppError('conflict', 'a group keeps at least one manager: name another one first')
}

export function tooMany(what: string, max: number): AppError {
  return new AppError('conflict', `${what}: at most ${max}`)
}

/** A group that the one who asks is not in is unknown to them like one that does not exist. */
export function unknownGrantee(kind: 'account' | 'group'): AppError {
  const message =
    kind === 'account' ? 'there is no such account' : 'you are not in a group of this name'
  return new AppError('invalid', message, { field: 'to' })
}

/**
 * Nobody gives to others what they will not have themselves by then.
 * @param end when the right of who grants ends; null for never.
 * @throws {AppError} `invalid`, field `expiresAt`.
 */
export function requireWithin(end: number | null, expiresAtMs: number | null): void {
  if (end === null || (expiresAtMs !== null && expiresAtMs <= end)) return
  const until = new Date(end).toISOString()
  throw new AppError('invalid', `your own right ends at ${until}: a grant may not outlast it`, {
    field: 'expiresAt',
  })
}

/** @throws {AppError} `invalid`, field `to`. */
export function requireOther(
  accountId: string | null,
  { viewerId, ownerId }: { viewerId: string | null; ownerId: string },
): void {
  if (accountId === null) return
  const refuse = (message: string) => new AppError('invalid', message, { field: 'to' })
  if (accountId === ownerId) throw refuse('the owner may do everything already')
  if (accountId === viewerId) throw refuse('nobody grants to themselves')
}

/** Whether a changed grant gives more than it gave, or for longer. */
export function isWider(
  before: { right: Right; expiresAtMs: number | null },
  after: { right: Right; expiresAtMs: number | null },
): boolean {
  const endOf = ({ expiresAtMs }: typeof before) => expiresAtMs ?? Infinity
  return !allows(before.right, after.right) || endOf(after) > endOf(before)
}

export function notToOneself(): AppError {
  return new AppError('forbidden', 'nobody changes what was granted to themselves')
}

export function notYours(): AppError {
  return new AppError('forbidden', 'only who manages the place or whose grant it is may end it')
}
