import type { Request } from 'express'
import { AppError } from '../../domain/errors'
import type { SessionService } from '../../services/session-service'

const bearer = /^Bearer ([A-Za-z0-9_.-]{1,256})$/

/** Reads `Authorization: Bearer` (RFC 6750 §2.1), the only place a token is taken from. */
export function authenticator(sessions: SessionService): (req: Request) => Promise<void> {
  return async (req) => {
    const { timing } = req.context
    const startedAt = timing.now()
    const token = bearer.exec(req.get('authorization') ?? '')?.[1]
    if (token === undefined)
      throw new AppError(
        'unauthenticated',
        'Send the session token as "Authorization: Bearer <token>"',
      )
    req.context.caller = await sessions.authenticate(token)
    timing.end('auth', startedAt)
  }
}
