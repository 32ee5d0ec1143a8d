import { AppError } from '../domain/errors'
import {
  continuesOpenUse,
  lockLeftMs,
  openUsesAfter,
  type GuessPolicy,
  type Link,
  type LinkChanges,
  type LinkUse,
  type OpenUse,
} from '../domain/link'

type Uses = Pick<Link, 'uses' | 'usesMax'> & { openUses: readonly OpenUse[] }

/** A link's uses after one more. @throws {AppError} `gone` when none is left. */
export function usesAfter(link: Uses, use: LinkUse): Pick<Uses, 'uses' | 'openUses'> {
  const { uses, usesMax, openUses } = link
  if (usesMax === null || continuesOpenUse(openUses, use)) return { uses, openUses }
  if (uses >= usesMax) throw new AppError('gone', 'this link has been used up')
  return { uses: uses + 1, openUses: openUsesAfter(openUses, use) }
}

/** @throws {AppError} `rate_limited` while no guess at the password is taken. */
export function requireUnlocked(
  link: Pick<Link, 'passwordFailures' | 'lockedUntilMs'>,
  nowMs: number,
  policy: GuessPolicy,
): void {
  const leftMs = lockLeftMs(link, nowMs, policy)
  if (leftMs === 0) return
  throw new AppError('rate_limited', 'too many passwords were wrong', {
    retryAfterS: Math.ceil(leftMs / 1000),
  })
}

type Changed = Pick<
  Link,
  | 'label'
  | 'usesMax'
  | 'bytesMax'
  | 'expiresAtMs'
  | 'passwordHash'
  | 'passwordFailures'
  | 'lockedUntilMs'
>

/** What is not stated stays. Who changes the password starts its guesses anew. */
export function linkAfter(link: Changed, { unlock, ...changes }: LinkChanges): Changed {
  const { label, usesMax, bytesMax, expiresAtMs, passwordHash } = link
  const stated = Object.entries(changes).filter(([, value]) => value !== undefined)
  const isUnlocked = unlock === true || changes.passwordHash !== undefined
  return {
    ...{ label, usesMax, bytesMax, expiresAtMs, passwordHash },
    ...(Object.fromEntries(stated) as Partial<Changed>),
    passwordFailures: isUnlocked ? 0 : link.passwordFailures,
    lockedUntilMs: isUnlocked ? 0 : link.lockedUntilMs,
  }
}
