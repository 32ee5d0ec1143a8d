import { z } from 'zod'
import type { Session } from '../../domain/session'
import type { SessionService } from '../../services/session-service'
import { defineRoute, type Route } from '../route'
import { nameSchema, passwordSchema, timeSchema } from '../schemas'

const sessionSchema = z.strictObject({
  id: z.string(),
  userAgent: z.string(),
  createdAt: timeSchema,
  lastSeenAt: timeSchema,
  expiresAt: timeSchema,
  current: z.boolean().meta({ description: 'Whether this request was made with it.' }),
})

const newSessionSchema = sessionSchema.extend({
  token: z.string().meta({ description: 'Shown this once; send it as "Authorization: Bearer".' }),
})

export function sessionRoutes(sessions: SessionService): Route[] {
  return [logIn(sessions), list(sessions), revoke(sessions), logOut(sessions)]
}

function logIn(sessions: SessionService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v1/sessions',
      summary: 'Log in',
      access: 'public',
      body: z.strictObject({ name: nameSchema, password: passwordSchema }),
      responses: { 201: { description: 'The session and its token.', schema: newSessionSchema } },
      errors: ['unauthenticated', 'conflict'],
    },
    async ({ body, timing, req }) => {
      const userAgent = req.get('user-agent') ?? ''
      const { token, session } = await sessions.logIn({ ...body, userAgent }, timing)
      return { status: 201, body: { token, ...sessionView(session, session.id) } }
    },
  )
}

function list(sessions: SessionService): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v1/sessions',
      summary: 'The sessions of this account, newest first',
      access: 'session',
      responses: {
        200: {
          description: 'The valid ones.',
          schema: z.strictObject({ sessions: z.array(sessionSchema) }),
        },
      },
    },
    async ({ caller }) => {
      const found = await sessions.list(caller)
      const views = found.map((session) => sessionView(session, caller.sessionId))
      return { status: 200, body: { sessions: views } }
    },
  )
}

function revoke(sessions: SessionService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/sessions/:sessionId',
      summary: 'End a session of this account',
      access: 'session',
      params: z.strictObject({ sessionId: z.string() }),
      responses: { 204: { description: 'Ended.' } },
      errors: ['not_found'],
    },
    async ({ caller, params }) => {
      await sessions.revoke(caller, params.sessionId)
      return { status: 204 }
    },
  )
}

function logOut(sessions: SessionService): Route {
  return defineRoute(
    {
      method: 'delete',
      path: '/v1/session',
      summary: 'Log out: end the session of this request',
      access: 'session',
      responses: { 204: { description: 'Ended.' } },
    },
    async ({ caller }) => {
      await sessions.logOut(caller)
      return { status: 204 }
    },
  )
}

function sessionView(session: Session, currentId: string): z.infer<typeof sessionSchema> {
  return {
    id: session.id,
    userAgent: session.userAgent,
    createdAt: timeOf(session.createdAtMs),
    lastSeenAt: timeOf(session.lastSeenAtMs),
    expiresAt: timeOf(session.expiresAtMs),
    current: session.id === currentId,
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
