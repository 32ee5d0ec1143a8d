import { randomBytes } from 'node:crypto'
import type { Account, Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import type { PasswordHasher } from '../domain/password-hasher'
import type { Session } from '../domain/session'
import { formatToken, parseToken } from '../domain/secret-token'
import type { Timing } from '../domain/timing'
import { digestOf, newToken, sameDigest } from './secrets'

export interface SessionSettings {
  lifetimeMs: number
  idleTimeoutMs: number
  perAccountMax: number
}

export interface SessionDependencies {
  database: Database
  hasher: PasswordHasher
  settings: SessionSettings
  now: () => number
  /** Receives what went wrong beside a request, which itself went well. */
  onBackgroundError: (error: unknown) => void
}

export interface LogIn {
  name: string
  password: string
  userAgent: string
}

export interface NewSession {
  /** Shown once; only its digest is kept. */
  token: string
  session: Session
}

// A session's last use is written at most this often, so that reading requests stay reading requests.
const touchIntervalMs = 5 * 60_000
const touchesInFlightMax = 256
const userAgentLengthMax = 256

export class SessionService {
  private readonly touching = new Set<string>()
  /** Of a password that nobody knows: verifying it makes an unknown name cost what a wrong password costs. */
  private dummyHash: Promise<string> | null = null

  constructor(private readonly use: SessionDependencies) {}

  /**
   * The hot path of every request: one query.
   * @throws {AppError} `unauthenticated`, with the same message whatever is wrong with the token.
   */
  async authenticate(text: string): Promise<Caller> {
    const token = parseToken('gm', text)
    if (token === null) throw notValid()
    const found = await this.use.database.sessions.findWithAccount(token.id)
    if (found === null || !sameDigest(digestOf(token.secret), found.session.secretHash))
      throw notValid()
    const { session, account } = found
    const nowMs = this.use.now()
    if (!this.isAlive(session, account, nowMs)) throw notValid()
    this.touchLater(session, nowMs)
    return {
      accountId: account.id,
      name: account.name,
      role: account.role,
      sessionId: session.id,
    }
  }

  /**
   * @throws {AppError} `unauthenticated`, the same for an unknown name as for a wrong password; `unavailable` when too
   * many passwords are being verified.
   */
  async logIn({ name, password, userAgent }: LogIn, timing: Timing): Promise<NewSession> {
    const { database, hasher } = this.use
    const account = await database.accounts.findByName(name)
    const phc = account === null ? await this.dummy() : account.passwordHash
    const right = await hasher.verify(password, phc, timing)
    if (account === null || !right)
      throw new AppError('unauthenticated', 'The name or the password is wrong')
    await this.strengthen(account, password)
    return this.open(account, userAgent)
  }

  /** @throws {AppError} `unauthenticated` when the session was ended meanwhile. */
  async logOut(caller: Caller): Promise<void> {
    const { accountId, sessionId } = caller
    if (!(await this.use.database.sessions.delete({ accountId, sessionId }))) throw notValid()
  }

  /** The caller's sessions that are still valid, newest first. */
  async list(caller: Caller): Promise<Session[]> {
    const { database, now } = this.use
    const account = await database.accounts.find(caller.accountId)
    const sessions = await database.sessions.listByAccount(caller.accountId)
    const nowMs = now()
    return account === null ? [] : sessions.filter((s) => this.isAlive(s, account, nowMs))
  }

  /** @throws {AppError} `not_found` when the caller has no such session. */
  async revoke(caller: Caller, sessionId: string): Promise<void> {
    const { accountId } = caller
    if (!(await this.use.database.sessions.delete({ accountId, sessionId })))
      throw new AppError('not_found', 'You have no such session')
  }

  private isAlive(session: Session, account: Account, nowMs: number): boolean {
    return (
      session.authEpoch === account.authEpoch &&
      nowMs < session.expiresAtMs &&
      nowMs < session.lastSeenAtMs + this.use.settings.idleTimeoutMs
    )
  }

  private async open(account: Account, userAgent: string): Promise<NewSession> {
    const { database, settings, now } = this.use
    const { id, secret } = newToken()
    const nowMs = now()
    const session: Session = {
      id,
      accountId: account.id,
      secretHash: digestOf(secret),
      authEpoch: account.authEpoch,
      userAgent: userAgent.slice(0, userAgentLengthMax).toWellFormed(),
      createdAtMs: nowMs,
      lastSeenAtMs: nowMs,
      expiresAtMs: nowMs + settings.lifetimeMs,
    }
    await database.sessions.create({ session, perAccountMax: settings.perAccountMax })
    return { token: formatToken('gm', { id, secret }), session }
  }

  /** The password is at hand only now, so now an old hash of it is replaced. A failure must not refuse the login. */
  private async strengthen(account: Account, password: string): Promise<void> {
    const { database, hasher, onBackgroundError } = this.use
    if (!hasher.needsRehash(account.passwordHash)) return
    try {
      const passwordHash = await hasher.hash(password)
      const ifPasswordHash = account.passwordHash
      await database.accounts.rehashPassword({
        accountId: account.id,
        ifPasswordHash,
        passwordHash,
      })
    } catch (error) {
      onBackgroundError(error)
    }
  }

  private touchLater({ id, lastSeenAtMs }: Session, nowMs: number): void {
    const intervalMs = Math.min(touchIntervalMs, this.use.settings.idleTimeoutMs / 4)
    if (nowMs - lastSeenAtMs < intervalMs) return
    if (this.touching.has(id) || this.touching.size >= touchesInFlightMax) return
    this.touching.add(id)
    this.use.database.sessions
      .touch({ sessionId: id, nowMs })
      .catch(this.use.onBackgroundError)
      .finally(() => this.touching.delete(id))
  }

  private async dummy(): Promise<string> {
    this.dummyHash ??= this.use.hasher.hash(randomBytes(24).toString('base64url'))
    try {
      return await this.dummyHash
    } catch (error) {
      this.dummyHash = null
      throw error
    }
  }
}

function notValid(): AppError {
  return new AppError('unauthenticated', 'The session token is not valid')
}
