import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import { lockLeftMs, type GuessPolicy, type Link } from '../../domain/link'
import type { PasswordHasher } from '../../domain/password-hasher'
import type { Timing } from '../../domain/timing'

export interface LinkPasswordSettings {
  passwordFailuresMax: number
  passwordWindowMs: number
  passwordLockMs: number
  passwordLockMsMax: number
  passwordRememberedMs: number
  passwordsRememberedMax: number
}

export interface LinkPasswordDependencies {
  database: Database
  hasher: PasswordHasher
  settings: LinkPasswordSettings
  now: () => number
}

// What is longer was never set: no time is spent on it.
const lengthMax = 1024

/** Who has a link's token still needs its password, if it has one. */
export class LinkPasswords {
  private readonly policy: GuessPolicy
  /** Passwords that were right a moment ago, as digests under a key of this process, and until when they count. */
  private readonly remembered: LRUCache<string, number>
  private readonly key = randomBytes(32)

  constructor(private readonly use: LinkPasswordDependencies) {
    const { settings } = use
    this.policy = {
      failuresMax: settings.passwordFailuresMax,
      windowMs: settings.passwordWindowMs,
      lockMs: settings.passwordLockMs,
      lockMsMax: settings.passwordLockMsMax,
    }
    this.remembered = new LRUCache({ max: settings.passwordsRememberedMax })
  }

  /**
   * @param link as it is in the records now: with another password nothing is remembered.
   * @throws {AppError} `unauthenticated`, the same for none as for a wrong one; `rate_limited` while it is locked, also
   * for the right one; `unavailable` when too many passwords are being verified.
   */
  async require(link: Link, password: string | null, timing: Timing): Promise<void> {
    if (link.passwordHash === null) return
    this.requireUnlocked(link)
    if (password === null || password.length > lengthMax) throw passwordNeeded()
    const digest = this.digestOf(link, password)
    if ((this.remembered.get(digest) ?? 0) > this.use.now()) return
    await this.verify(link, password, timing)
    this.remembered.set(digest, this.use.now() + this.use.settings.passwordRememberedMs)
  }

  private async verify(link: Link, password: string, timing: Timing): Promise<void> {
    const { database, hasher } = this.use
    const guess = () => ({ id: link.id, nowMs: this.use.now(), policy: this.policy })
    await database.links.guess(guess())
    let isRight = true
    try {
      isRight = await hasher.verify(password, link.passwordHash!, timing)
    } finally {
      // A guess that nobody judged was none.
      if (isRight) await database.links.absolve(guess())
    }
    if (!isRight) throw passwordNeeded()
  }

  private requireUnlocked(link: Link): void {
    const leftMs = lockLeftMs(link, this.use.now(), this.policy)
    if (leftMs === 0) return
    throw new AppError('rate_limited', 'Too many passwords were wrong', {
      retryAfterS: Math.ceil(leftMs / 1000),
    })
  }

  private digestOf({ id, passwordHash }: Link, password: string): string {
    const hmac = createHmac('sha256', this.key)
    return hmac.update(JSON.stringify([id, passwordHash, password])).digest('base64url')
  }
}

function passwordNeeded(): AppError {
  return new AppError('unauthenticated', 'This link needs its password')
}
