import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import { requireAccountName, type Account, type Caller } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import type { PasswordHasher } from '../domain/password-hasher'
import { requirePassword, type PasswordLimits } from '../domain/password-policy'
import type { Timing } from '../domain/timing'

export interface AccountSettings {
  registration: 'closed' | 'open'
  quotaBytes: number
  passwordLengthMin: number
  passwordLengthMax: number
}

/** The one-time token of the first account, kept where only who runs the service can read it. */
export interface OneTimeToken {
  /** @returns null when it was used, or never made. */
  read(): Promise<string | null>
  remove(): Promise<void>
}

export interface AccountDependencies {
  database: Database
  hasher: PasswordHasher
  settings: AccountSettings
  firstAccountToken: OneTimeToken
  now: () => number
  /** Receives what went wrong beside a request, which itself went well. */
  onBackgroundError: (error: unknown) => void
}

export interface Registration {
  name: string
  password: string
  firstAccountToken: string | undefined
}

export class AccountService {
  constructor(private readonly use: AccountDependencies) {}

  /**
   * Makes a member, or with the one-time token the first account, an admin.
   * @throws {AppError} `forbidden` when the caller may not; `invalid`; `conflict` when the name is taken or, with the
   * token, an account exists.
   */
  async register(caller: Caller | null, input: Registration, timing: Timing): Promise<Account> {
    const first = input.firstAccountToken !== undefined
    if (first) await this.requireFirstAccountToken(input.firstAccountToken)
    else await this.requireRegistration(caller)
    const name = requireAccountName(input.name)
    const field = 'password'
    const password = requirePassword(input.password, this.limits(), { accountName: name, field })
    const account = await this.use.database.accounts.create({
      id: randomUUID(),
      name,
      role: first ? 'admin' : 'member',
      passwordHash: await this.use.hasher.hash(password, timing),
      quotaBytes: this.use.settings.quotaBytes,
      nowMs: this.use.now(),
      onlyIfFirst: first,
    })
    // The account is made, and the token worth nothing from now on, even where its file cannot be removed.
    if (first) await this.use.firstAccountToken.remove().catch(this.use.onBackgroundError)
    return account
  }

  /** @throws {AppError} `unauthenticated` when the account was deleted meanwhile. */
  async get(caller: Caller): Promise<Account> {
    const account = await this.use.database.accounts.find(caller.accountId)
    if (account === null)
      throw new AppError('unauthenticated', 'The account of this session no longer exists')
    return account
  }

  /**
   * The caller's other sessions end in the same commit; this one stays.
   * @throws {AppError} `forbidden` when the current password is wrong; `invalid`; `conflict` when it was changed meanwhile.
   */
  async changePassword(
    caller: Caller,
    input: { currentPassword: string; newPassword: string },
    timing: Timing,
  ): Promise<void> {
    const field = 'newPassword'
    const limits = this.limits()
    const password = requirePassword(input.newPassword, limits, { accountName: caller.name, field })
    const account = await this.get(caller)
    await this.requireOwnPassword(
      account,
      { text: input.currentPassword, field: 'currentPassword' },
      timing,
    )
    await this.use.database.accounts.changePassword({
      accountId: account.id,
      ifAuthEpoch: account.authEpoch,
      passwordHash: await this.use.hasher.hash(password, timing),
      keepSessionId: caller.sessionId,
    })
  }

  /**
   * Deletes the caller's account with its sessions and files.
   * @throws {AppError} `forbidden` when the password is wrong; `conflict` for the last admin.
   */
  async delete(caller: Caller, password: string, timing: Timing): Promise<void> {
    const account = await this.get(caller)
    await this.requireOwnPassword(account, { text: password, field: 'password' }, timing)
    await this.use.database.accounts.delete({ accountId: account.id, nowMs: this.use.now() })
  }

  private async requireFirstAccountToken(given: string | undefined): Promise<void> {
    const expected = await this.use.firstAccountToken.read()
    if (given === undefined || expected === null || !sameText(given, expected))
      throw new AppError('forbidden', 'The first-account token is not valid', { field: 'token' })
  }

  private async requireRegistration(caller: Caller | null): Promise<void> {
    if (caller?.role === 'admin') return
    if (this.use.settings.registration === 'closed')
      throw new AppError('forbidden', 'Only an admin may make accounts here')
    // A member in the place of the first account would leave the service without an admin for ever.
    if ((await this.use.database.accounts.count()) === 0)
      throw new AppError('forbidden', 'The first account needs the first-account token', {
        field: 'token',
      })
  }

  private async requireOwnPassword(
    account: Account,
    given: { text: string; field: string },
    timing: Timing,
  ): Promise<void> {
    const right = await this.use.hasher.verify(given.text, account.passwordHash, timing)
    if (!right) throw new AppError('forbidden', `${given.field} is wrong`, { field: given.field })
  }

  private limits(): PasswordLimits {
    const { passwordLengthMin, passwordLengthMax } = this.use.settings
    return { lengthMin: passwordLengthMin, lengthMax: passwordLengthMax }
  }
}

/** In a time that tells nothing about where the texts differ. */
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}
