import type { Account } from '../../domain/account'
import type { NewAccount, PasswordChange } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { Handlers } from '../operations'
import { releaseBlobs } from './blobs'
import type { Tables } from './document'
import { leaveGroups } from './memberships'

type Operations =
  | 'accounts.find'
  | 'accounts.findByName'
  | 'accounts.count'
  | 'accounts.create'
  | 'accounts.changePassword'
  | 'accounts.rehashPassword'
  | 'accounts.delete'

export function accountHandlers(tables: Tables): Handlers<Operations> {
  return {
    'accounts.find': (id) => tables.accounts.get(id) ?? null,
    'accounts.findByName': (name) => findByName(tables, name) ?? null,
    'accounts.count': () => tables.accounts.size,
    'accounts.create': (args) => create(tables, args),
    'accounts.changePassword': (args) => changePassword(tables, args),
    'accounts.rehashPassword': ({ accountId, ifPasswordHash, passwordHash }) => {
      const account = tables.accounts.get(accountId)
      if (account?.passwordHash === ifPasswordHash) account.passwordHash = passwordHash
    },
    'accounts.delete': (args) => remove(tables, args),
  }
}

export function findByName(tables: Tables, name: string): Account | undefined {
  for (const account of tables.accounts.values()) if (account.name === name) return account
  return undefined
}

function create(tables: Tables, args: NewAccount): Account {
  if (args.onlyIfFirst && tables.accounts.size > 0)
    throw new AppError('conflict', 'there is an account already')
  if (tables.accounts.has(args.id) || findByName(tables, args.name) !== undefined)
    throw new AppError('conflict', 'name is taken', { field: 'name' })
  const account: Account = {
    id: args.id,
    name: args.name,
    role: args.role,
    passwordHash: args.passwordHash,
    quotaBytes: args.quotaBytes,
    usedBytes: 0,
    versionBytes: 0,
    trashBytes: 0,
    reservedBytes: 0,
    authEpoch: 1,
    createdAtMs: args.nowMs,
  }
  tables.accounts.set(account.id, account)
  return account
}

function changePassword(tables: Tables, change: PasswordChange): void {
  const account = requireAccount(tables, change.accountId)
  if (account.authEpoch !== change.ifAuthEpoch)
    throw new AppError('conflict', 'the account was changed meanwhile')
  account.passwordHash = change.passwordHash
  account.authEpoch += 1
  for (const session of tables.sessions.values()) {
    if (session.accountId !== account.id) continue
    if (session.id === change.keepSessionId) session.authEpoch = account.authEpoch
    else tables.sessions.delete(session.id)
  }
}

function remove(tables: Tables, { accountId, nowMs }: { accountId: string; nowMs: number }): void {
  const account = requireAccount(tables, accountId)
  if (account.role === 'admin' && adminsIn(tables) === 1)
    throw new AppError('conflict', 'the last admin cannot be deleted')
  const contents = [tables.files, tables.versions, tables.trash]
  for (const table of contents)
    for (const row of table.values())
      if (row.ownerId === accountId) releaseBlobs(tables, row, nowMs)
  for (const table of contents)
    deleteRows<{ ownerId: string }>(table, (row) => row.ownerId === accountId)
  // Uploads into what others own have reserved their room.
  for (const row of tables.uploads.values())
    if (row.accountId === accountId)
      tables.accounts.get(row.ownerId)!.reservedBytes -= row.reservedBytes
  deleteRows(tables.uploads, (row) => row.ownerId === accountId || row.accountId === accountId)
  deleteRows(tables.grants, (row) => row.ownerId === accountId || row.accountId === accountId)
  deleteRows(tables.links, (row) => row.ownerId === accountId || row.createdBy === accountId)
  leaveGroups(tables, accountId)
  deleteRows(tables.sessions, (row) => row.accountId === accountId)
  tables.accounts.delete(accountId)
}

function deleteRows<Row>(table: Map<string, Row>, isGone: (row: Row) => boolean): void {
  for (const [key, row] of table) if (isGone(row)) table.delete(key)
}

function requireAccount(tables: Tables, id: string): Account {
  const account = tables.accounts.get(id)
  if (account === undefined) throw new AppError('not_found', 'there is no such account')
  return account
}

function adminsIn(tables: Tables): number {
  return [...tables.accounts.values()].filter(({ role }) => role === 'admin').length
}
