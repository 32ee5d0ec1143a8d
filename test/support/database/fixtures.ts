import { createHash, randomBytes } from 'node:crypto'
import type { Account, Viewer } from '../../../webserver/domain/account'
import type { Database, FileCommit, NewAccount } from '../../../webserver/domain/database'
import type { Session } from '../../../webserver/domain/session'

const idOf = () => randomBytes(16).toString('base64url')

export const admin: Viewer = { accountId: 'an-admin', seesAll: true }

export function viewerOf(account: Account): Viewer {
  return { accountId: account.id, seesAll: false }
}

export function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

export function accountNamed(name: string, rest: Partial<NewAccount> = {}): NewAccount {
  return {
    id: idOf(),
    name,
    role: 'member',
    passwordHash: '$argon2id$first',
    quotaBytes: 1_000_000,
    nowMs: 1000,
    onlyIfFirst: false,
    ...rest,
  }
}

export function addAccount(database: Database, name: string, rest: Partial<NewAccount> = {}) {
  return database.accounts.create(accountNamed(name, rest))
}

export function sessionOf(account: Account, rest: Partial<Session> = {}): Session {
  return {
    id: idOf(),
    accountId: account.id,
    secretHash: sha256Of('secret'),
    authEpoch: account.authEpoch,
    userAgent: 'curl/8',
    createdAtMs: 1000,
    lastSeenAtMs: 1000,
    expiresAtMs: 9000,
    ...rest,
  }
}

export async function addSession(
  database: Database,
  account: Account,
  rest: Partial<Session> = {},
): Promise<Session> {
  const session = sessionOf(account, rest)
  await database.sessions.create({ session, perAccountMax: 100 })
  return session
}

/** A commit of some content, whose size is that of the text. */
export function commitOf(
  owner: string,
  path: string,
  content: string,
  rest: Partial<FileCommit> = {},
): FileCommit {
  return {
    id: idOf(),
    key: { owner, path },
    sizeBytes: content.length,
    sha256: sha256Of(content),
    contentType: 'text/plain',
    condition: {},
    nowMs: 2000,
    linked: true,
    ...rest,
  }
}
