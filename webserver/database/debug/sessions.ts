import { AppError } from '../../domain/errors'
import type { Session } from '../../domain/session'
import type { Handlers } from '../operations'
import type { Tables } from './document'

type Operations =
  | 'sessions.findWithAccount'
  | 'sessions.listByAccount'
  | 'sessions.create'
  | 'sessions.touch'
  | 'sessions.delete'
  | 'sessions.deleteExpired'

export function sessionHandlers(tables: Tables): Handlers<Operations> {
  return {
    'sessions.findWithAccount': (sessionId) => {
      const session = tables.sessions.get(sessionId)
      return (session && { session, account: tables.accounts.get(session.accountId)! }) ?? null
    },
    'sessions.listByAccount': (accountId) =>
      sessionsOf(tables, accountId).sort(byLatest((session) => session.createdAtMs)),
    'sessions.create': (args) => create(tables, args),
    'sessions.touch': ({ sessionId, nowMs }) => {
      const session = tables.sessions.get(sessionId)
      if (session !== undefined) session.lastSeenAtMs = Math.max(session.lastSeenAtMs, nowMs)
    },
    'sessions.delete': ({ accountId, sessionId }) =>
      tables.sessions.get(sessionId)?.accountId === accountId && tables.sessions.delete(sessionId),
    'sessions.deleteExpired': ({ nowMs, seenBeforeMs, limit }) => {
      const expired = [...tables.sessions.values()].filter(
        (session) => session.expiresAtMs <= nowMs || session.lastSeenAtMs < seenBeforeMs,
      )
      return deleteAll(tables, expired.slice(0, limit))
    },
  }
}

function create(
  tables: Tables,
  { session, perAccountMax }: { session: Session; perAccountMax: number },
): void {
  const account = tables.accounts.get(session.accountId)
  if (account?.authEpoch !== session.authEpoch || tables.sessions.has(session.id))
    throw new AppError('conflict', 'the account was changed meanwhile')
  const others = sessionsOf(tables, session.accountId).sort(byLatest((other) => other.lastSeenAtMs))
  deleteAll(tables, others.slice(perAccountMax - 1))
  tables.sessions.set(session.id, session)
}

function sessionsOf(tables: Tables, accountId: string): Session[] {
  return [...tables.sessions.values()].filter((session) => session.accountId === accountId)
}

function byLatest(timeOf: (session: Session) => number) {
  return (a: Session, b: Session) => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1)
}

function deleteAll(tables: Tables, sessions: Session[]): number {
  for (const { id } of sessions) tables.sessions.delete(id)
  return sessions.length
}
