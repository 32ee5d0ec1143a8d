import { createHash, randomBytes } from 'node:crypto'
import type { Account, Viewer } from '../../../webserver/domain/account'
import { wholeBlob } from '../../../webserver/domain/content'
import type { Database, FileCommit, NewAccount } from '../../../webserver/domain/database'
import type { Place } from '../../../webserver/domain/file'
import type { NewLink } from '../../../webserver/domain/link'
import type { Session } from '../../../webserver/domain/session'
import type { NewUpload } from '../../../webserver/domain/upload'

const idOf = () => randomBytes(16).toString('base64url')

const noLink = { linkId: null, nowMs: 2000 }

export const admin: Viewer = { accountId: 'an-admin', name: 'root', seesAll: true, ...noLink }

export function viewerOf(account: Account): Viewer {
  return { accountId: account.id, name: account.name, seesAll: false, ...noLink }
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

export function sessionOf(
  account: Pick<Account, 'id' | 'authEpoch'>,
  rest: Partial<Session> = {},
): Session {
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
    ...wholeBlob(sha256Of(content), content.length),
    contentType: 'text/plain',
    metadata: null,
    condition: {},
    nowMs: 2000,
    linked: [sha256Of(content)],
    versionsKept: 0,
    upload: null,
    ...rest,
  }
}

/** A view link without limits. */
export function linkOf(target: Place, rest: Partial<NewLink> = {}): NewLink {
  return {
    id: idOf(),
    secretHash: sha256Of('secret'),
    target,
    mode: 'view',
    label: '',
    passwordHash: null,
    usesMax: null,
    bytesMax: null,
    expiresAtMs: null,
    perOwnerMax: 100,
    ...rest,
  }
}

/** An upload of a known length that nobody writes yet. */
export function uploadOf(
  owner: string,
  path: string,
  sizeBytes: number,
  rest: Partial<NewUpload> = {},
): NewUpload {
  return {
    ...{ id: idOf(), kind: 'file', key: { owner, path }, lengthBytes: sizeBytes },
    ...{ neededBytes: sizeBytes, wantedBytes: sizeBytes, contentType: null, metadata: {} },
    ...{ condition: {}, parts: null, leaseHolder: null, leaseUntilMs: 0 },
    ...{ nowMs: 2000, expiresAtMs: 8000, openMax: 100, ...rest },
  }
}
