import type { Account } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Handlers } from '../operations'
import type { Connection } from './connection'
import { leavingGroups } from './groups'

/** `accounts` under the names of `Account`. */
export const accountColumns = `
  accounts.id AS id, accounts.name AS name, accounts.role AS role,
  accounts.password_hash AS passwordHash, accounts.quota_bytes AS quotaBytes,
  accounts.used_bytes AS usedBytes, accounts.version_bytes AS versionBytes,
  accounts.trash_bytes AS trashBytes, accounts.reserved_bytes AS reservedBytes, accounts.auth_epoch AS authEpoch,
  accounts.created_at_ms AS createdAtMs`

type Queries = 'accounts.find' | 'accounts.findByName' | 'accounts.count'
type Commands =
  'accounts.create' | 'accounts.changePassword' | 'accounts.rehashPassword' | 'accounts.delete'

export function accountQueries(connection: Connection): Handlers<Queries> {
  const find = connection.prepare<[string], Account>(
    `SELECT ${accountColumns} FROM accounts WHERE id = ?`,
  )
  const findByName = connection.prepare<[string], Account>(
    `SELECT ${accountColumns} FROM accounts WHERE name = ?`,
  )
  const count = connection.prepare<[], number>('SELECT count(*) FROM accounts').pluck()
  return {
    'accounts.find': (id) => find.get(id) ?? null,
    'accounts.findByName': (name) => findByName.get(name) ?? null,
    'accounts.count': () => count.get()!,
  }
}

export function accountCommands(connection: Connection): Handlers<Commands> {
  return {
    'accounts.create': creating(connection),
    'accounts.changePassword': changingPassword(connection),
    'accounts.rehashPassword': rehashing(connection),
    'accounts.delete': deleting(connection),
  }
}

function creating(connection: Connection): Handlers<Commands>['accounts.create'] {
  const isAnyone = connection.prepare<[], 0 | 1>('SELECT EXISTS (SELECT * FROM accounts)').pluck()
  const insert = connection.prepare<[object], Account>(`
    INSERT INTO accounts
      (id, name, role, password_hash, quota_bytes, used_bytes, auth_epoch, created_at_ms)
    VALUES (:id, :name, :role, :passwordHash, :quotaBytes, 0, 1, :nowMs)
    ON CONFLICT DO NOTHING
    RETURNING ${accountColumns}`)
  return ({ onlyIfFirst, ...account }) => {
    if (onlyIfFirst && isAnyone.get() === 1)
      throw new AppError('conflict', 'there is an account already')
    const made = insert.get(account)
    if (made === undefined) throw new AppError('conflict', 'name is taken', { field: 'name' })
    return made
  }
}

function changingPassword(connection: Connection): Handlers<Commands>['accounts.changePassword'] {
  const epochOf = connection
    .prepare<[string], number>('SELECT auth_epoch FROM accounts WHERE id = ?')
    .pluck()
  const update = connection.prepare<[object]>(`
    UPDATE accounts SET password_hash = :passwordHash, auth_epoch = :ifAuthEpoch + 1
    WHERE id = :accountId`)
  const endSessions = connection.prepare<[object]>(
    'DELETE FROM sessions WHERE account_id = :accountId AND id IS NOT :keepSessionId',
  )
  const keepSession = connection.prepare<[object]>(
    'UPDATE sessions SET auth_epoch = :ifAuthEpoch + 1 WHERE account_id = :accountId',
  )
  return (change) => {
    const epoch = epochOf.get(change.accountId)
    if (epoch === undefined) throw new AppError('not_found', 'there is no such account')
    if (epoch !== change.ifAuthEpoch)
      throw new AppError('conflict', 'the account was changed meanwhile')
    update.run(change)
    endSessions.run(change)
    keepSession.run(change)
  }
}

function rehashing(connection: Connection): Handlers<Commands>['accounts.rehashPassword'] {
  const update = connection.prepare<[object]>(`
    UPDATE accounts SET password_hash = :passwordHash
    WHERE id = :accountId AND password_hash = :ifPasswordHash`)
  return (args) => {
    update.run(args)
  }
}

function deleting(connection: Connection): Handlers<Commands>['accounts.delete'] {
  const roleOf = connection
    .prepare<[string], Account['role']>('SELECT role FROM accounts WHERE id = ?')
    .pluck()
  const admins = connection
    .prepare<[], number>(`SELECT count(*) FROM accounts WHERE role = 'admin'`)
    .pluck()
  const releaseBlobs = connection.prepare<[object]>(`
    UPDATE blobs SET refs = refs - released.count, since_ms = :nowMs
    FROM (
      SELECT sha256, count(*) AS count FROM blob_uses WHERE owner_id = :accountId GROUP BY sha256
    ) AS released
    WHERE released.sha256 = blobs.sha256`)
  // Uploads into what others own have reserved their room.
  const giveBack = connection.prepare<[object]>(`
    UPDATE accounts SET reserved_bytes = reserved_bytes - given.bytes
    FROM (
      SELECT owner_id, sum(reserved_bytes) AS bytes FROM uploads
      WHERE account_id = :accountId GROUP BY owner_id
    ) AS given
    WHERE given.owner_id = accounts.id`)
  const deleteRows = [
    ...['files', 'file_versions', 'trash', 'uploads'].map((table) => `${table} WHERE owner_id = ?`),
    'uploads WHERE account_id = ?',
    'grants WHERE ? IN (owner_id, account_id)',
    'links WHERE ? IN (owner_id, created_by)',
    'sessions WHERE account_id = ?',
    'accounts WHERE id = ?',
  ].map((rows) => connection.prepare<[string]>(`DELETE FROM ${rows}`))
  const leaveGroups = leavingGroups(connection)
  return (args) => {
    const role = roleOf.get(args.accountId)
    if (role === undefined) throw new AppError('not_found', 'there is no such account')
    if (role === 'admin' && admins.get() === 1)
      throw new AppError('conflict', 'the last admin cannot be deleted')
    releaseBlobs.run(args)
    giveBack.run(args)
    leaveGroups(args.accountId)
    for (const statement of deleteRows) statement.run(args.accountId)
  }
}
