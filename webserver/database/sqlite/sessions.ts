import type { Account } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Session } from '../../domain/session'
import type { Handlers } from '../operations'
import { accountColumns } from './accounts'
import type { Connection } from './connection'

const columns = `
  id, account_id AS accountId, secret_hash AS secretHash, auth_epoch AS authEpoch,
  user_agent AS userAgent, created_at_ms AS createdAtMs, last_seen_at_ms AS lastSeenAtMs,
  expires_at_ms AS expiresAtMs`

type Queries = 'sessions.findWithAccount' | 'sessions.listByAccount'
type Commands = 'sessions.create' | 'sessions.touch' | 'sessions.delete' | 'sessions.deleteExpired'

interface SessionOfAccount extends Account {
  secretHash: string
  sessionEpoch: number
  userAgent: string
  sessionCreatedAtMs: number
  lastSeenAtMs: number
  expiresAtMs: number
}

export function sessionQueries(connection: Connection): Handlers<Queries> {
  const findWithAccount = connection.prepare<[string], SessionOfAccount>(`
    SELECT ${accountColumns}, secret_hash AS secretHash, sessions.auth_epoch AS sessionEpoch,
      user_agent AS userAgent, sessions.created_at_ms AS sessionCreatedAtMs,
      last_seen_at_ms AS lastSeenAtMs, expires_at_ms AS expiresAtMs
    FROM sessions JOIN accounts ON accounts.id = sessions.account_id
    WHERE sessions.id = ?`)
  const listByAccount = connection.prepare<[string], Session>(
    `SELECT ${columns} FROM sessions WHERE account_id = ? ORDER BY created_at_ms DESC, id DESC`,
  )
  return {
    'sessions.findWithAccount': (sessionId) => {
      const row = findWithAccount.get(sessionId)
      return row === undefined
        ? null
        : { session: sessionOf(sessionId, row), account: accountOf(row) }
    },
    'sessions.listByAccount': (accountId) => listByAccount.all(accountId),
  }
}

function sessionOf(id: string, row: SessionOfAccount): Session {
  return {
    id,
    accountId: row.id,
    secretHash: row.secretHash,
    authEpoch: row.sessionEpoch,
    userAgent: row.userAgent,
    createdAtMs: row.sessionCreatedAtMs,
    lastSeenAtMs: row.lastSeenAtMs,
    expiresAtMs: row.expiresAtMs,
  }
}

function accountOf(row: Account): Account {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    passwordHash: row.passwordHash,
    quotaBytes: row.quotaBytes,
    usedBytes: row.usedBytes,
    versionBytes: row.versionBytes,
    trashBytes: row.trashBytes,
    reservedBytes: row.reservedBytes,
    authEpoch: row.authEpoch,
    createdAtMs: row.createdAtMs,
  }
}

export function sessionCommands(connection: Connection): Handlers<Commands> {
  const touch = connection.prepare<[object]>(
    'UPDATE sessions SET last_seen_at_ms = max(last_seen_at_ms, :nowMs) WHERE id = :sessionId',
  )
  const remove = connection.prepare<[object]>(
    'DELETE FROM sessions WHERE id = :sessionId AND account_id = :accountId',
  )
  const removeExpired = connection.prepare<[object]>(`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE expires_at_ms <= :nowMs OR last_seen_at_ms < :seenBeforeMs
      LIMIT :limit)`)
  return {
    'sessions.create': creating(connection),
    'sessions.touch': (args) => {
      touch.run(args)
    },
    'sessions.delete': (args) => remove.run(args).changes > 0,
    'sessions.deleteExpired': (args) => removeExpired.run(args).changes,
  }
}

function creating(connection: Connection): Handlers<Commands>['sessions.create'] {
  const insert = connection.prepare<[object]>(`
    INSERT INTO sessions
      (id, account_id, secret_hash, auth_epoch, user_agent, created_at_ms, last_seen_at_ms, expires_at_ms)
    SELECT :id, :accountId, :secretHash, :authEpoch, :userAgent, :createdAtMs, :lastSeenAtMs, :expiresAtMs
    FROM accounts WHERE id = :accountId AND auth_epoch = :authEpoch
    ON CONFLICT DO NOTHING`)
  const trim = connection.prepare<[object]>(`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE account_id = :accountId AND id <> :id
      ORDER BY last_seen_at_ms DESC, id DESC LIMIT -1 OFFSET :others)`)
  return ({ session, perAccountMax }) => {
    if (insert.run(session).changes === 0)
      throw new AppError('conflict', 'the account was changed meanwhile')
    trim.run({ accountId: session.accountId, id: session.id, others: perAccountMax - 1 })
  }
}
