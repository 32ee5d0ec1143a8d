import type { Viewer } from './account'
import type { Place } from './file'

/** `view`: whoever has the link sees and reads. `upload`: they put new files into a folder and see nothing. */
export const linkModes = ['view', 'upload'] as const
export type LinkMode = (typeof linkModes)[number]

export interface Link {
  /** Public part of the token: shown in lists, used to revoke. */
  id: string
  /** SHA-256 of the token's 256-bit secret, hex. The secret itself is never stored. */
  secretHash: string
  owner: string
  /** Null when it is for a folder; otherwise `path` is where the file is now, null while it is in the trash. */
  fileId: string | null
  path: string | null
  folder: string | null
  mode: LinkMode
  /** A note of those who manage it; visitors never see it. */
  label: string
  /** PHC string; null when the token is enough. */
  passwordHash: string | null
  /** Guesses at the password that were not right, or are being judged. */
  passwordFailures: number
  /** When there were too many, until when no other is taken; otherwise when the last one was. */
  lockedUntilMs: number
  /** Counted while there is a `usesMax`. */
  uses: number
  usesMax: number | null
  /** Most bytes of one upload; null leaves it to the service. */
  bytesMax: number | null
  expiresAtMs: number | null
  /** Name of the account that made it. The link works only for as long as that account may share what it is for. */
  createdBy: string
  createdAtMs: number
}

/** When guesses at a password lock a link: beyond `failuresMax` within `windowMs`, each time twice as long. */
export interface GuessPolicy {
  failuresMax: number
  windowMs: number
  lockMs: number
  lockMsMax: number
}

export interface LinkRecords {
  /** By the public part of its token, to judge whether the secret is right. Nobody is shown what it returns. */
  find(id: string): Promise<Link | null>
  /** `null` also for a link that the viewer may not manage. */
  findManaged(viewer: Viewer, id: string): Promise<Link | null>
  /** Those that the viewer may manage, newest first. */
  list(viewer: Viewer, args: LinkListing): Promise<Link[]>
  /**
   * @throws `not_found` when there is no such file or the viewer may not know it; `forbidden` when they may not manage
   * it; `conflict` when the owner's files have `perOwnerMax` links, or the viewer's account is gone.
   */
  create(viewer: Viewer, args: NewLink): Promise<Link>
  /** Changes what is stated. @throws `not_found`. */
  change(viewer: Viewer, args: { id: string; changes: LinkChanges }): Promise<Link>
  /** @throws `not_found`. */
  delete(viewer: Viewer, args: { id: string }): Promise<void>
  /** Takes one use, unless it continues one. @throws `not_found`; `gone` when none is left. */
  consume(args: LinkUse): Promise<void>
  /** Gives back a use that came to nothing. */
  release(args: { id: string }): Promise<void>
  /**
   * Takes the right to one guess at the password, counted as wrong until `absolve`: however many guess at once, no more
   * are let through than the policy says. @throws `not_found`; `rate_limited` with `retryAfterS` while it is locked.
   */
  guess(args: { id: string; nowMs: number; policy: GuessPolicy }): Promise<void>
  /** The guess was right: it does not count, nor does the lock that it brought. */
  absolve(args: { id: string; nowMs: number; policy: GuessPolicy }): Promise<void>
  /** Deletes at most `limit` that expired before `beforeMs`. @returns how many. */
  deleteExpired(args: { beforeMs: number; limit: number }): Promise<number>
}

export interface LinkListing {
  /** Null for those that the viewer made. */
  owner: string | null
  /** Narrows those of an owner to one file or one folder; not to what lies below it. */
  path: string | null
  folder: string | null
  limit: number
}

export interface NewLink {
  id: string
  secretHash: string
  target: Place
  mode: LinkMode
  label: string
  passwordHash: string | null
  usesMax: number | null
  bytesMax: number | null
  expiresAtMs: number | null
  perOwnerMax: number
}

export interface LinkChanges {
  label?: string | undefined
  usesMax?: number | null | undefined
  bytesMax?: number | null | undefined
  expiresAtMs?: number | null | undefined
  /** Null removes it. Any change of it also forgets the guesses and the lock. */
  passwordHash?: string | null | undefined
  /** Forgets the guesses and the lock. */
  unlock?: boolean | undefined
}

export interface LinkUse {
  id: string
  nowMs: number
  /** Who takes it and what: within `windowMs` a use that `continues` the same costs nothing. */
  client: string
  etag: string | null
  continues: boolean
  windowMs: number
}

/** A use that may still be continued. */
export interface OpenUse {
  client: string
  etag: string | null
  untilMs: number
}

const openUsesMax = 32

/** The open uses after one more was taken; of many the oldest go. */
export function openUsesAfter(open: readonly OpenUse[], use: LinkUse): OpenUse[] {
  const { client, etag, nowMs, windowMs } = use
  const others = open.filter((one) => one.untilMs > nowMs && !isOf(one, use))
  return [...others, { client, etag, untilMs: nowMs + windowMs }].slice(-openUsesMax)
}

export function continuesOpenUse(open: readonly OpenUse[], use: LinkUse): boolean {
  return use.continues && open.some((one) => one.untilMs > use.nowMs && isOf(one, use))
}

function isOf(open: OpenUse, { client, etag }: LinkUse): boolean {
  return open.client === client && open.etag === etag
}

type Guesses = Pick<Link, 'passwordFailures' | 'lockedUntilMs'>

/** For how long no guess is taken; 0 when one is. A clock that was put back locks nothing. */
export function lockLeftMs(link: Guesses, nowMs: number, { failuresMax }: GuessPolicy): number {
  if (link.passwordFailures < failuresMax) return 0
  return Math.max(0, link.lockedUntilMs - nowMs)
}

/** The guesses after one more. What lies a window back is forgotten. */
export function afterGuess(link: Guesses, nowMs: number, policy: GuessPolicy): Guesses {
  const isForgotten = nowMs >= link.lockedUntilMs + policy.windowMs
  const passwordFailures = (isForgotten ? 0 : link.passwordFailures) + 1
  const doublings = passwordFailures - policy.failuresMax
  if (doublings < 0) return { passwordFailures, lockedUntilMs: nowMs }
  const lockMs = Math.min(policy.lockMsMax, policy.lockMs * 2 ** doublings)
  return { passwordFailures, lockedUntilMs: nowMs + lockMs }
}

/** The guesses after one of them was found right. */
export function afterRightGuess(link: Guesses, nowMs: number, policy: GuessPolicy): Guesses {
  const passwordFailures = Math.max(0, link.passwordFailures - 1)
  const staysLocked = passwordFailures >= policy.failuresMax
  return { passwordFailures, lockedUntilMs: staysLocked ? link.lockedUntilMs : nowMs }
}
