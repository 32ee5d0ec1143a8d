import type { Request } from 'express'
import { AppError } from '../../domain/errors'
import type { SessionService } from '../../services/session-service'

const bearer = /^Bearer ([A-Za-z0-9_.-]{1,256})$/

/** Reads one `Authorization: Bearer` (RFC 6750 §2.1), the only place a token is taken from. */
export function authenticator(sessions: SessionService): (req: Request) => Promise<void> {
  return async (req) => {
    const { timing } = req.context
    const startedAt = timing.now()
    try {
      req.context.caller = await sessions.authenticate(tokenOf(req))
    } finally {
      timing.end('auth', startedAt)
    }
  }
}

function tokenOf(req: Request): string {
  // `headers.authorization` is the first of several; nobody should have to know which one counts.
  const lines = req.headersDistinct.authorization ?? []
  const token = lines.length === 1 ? bearer.exec(lines[0]!)?.[1] : undefined
  if (token !== undefined) return token
  throw new AppError('unauthenticated', 'Send the session token as "Authorization: Bearer <token>"')
}
