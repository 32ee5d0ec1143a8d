import type { Server } from 'node:http'
import type { RequestHandler } from 'express'
import type { Perf } from '../../perf/timing'
import type { Config } from '../config/schema'
import { AppError } from '../domain/errors'
import type { Logger } from '../platform/logger'
import type { SessionService } from '../services/session-service'
import { answerClientErrors } from './client-errors'
import { createExpress, createExpressServer } from './express-app'
import { admission } from './middleware/admission'
import { authenticator } from './middleware/authenticate'
import { requestContext } from './middleware/context'
import { inTurn } from './middleware/in-turn'
import { securityHeaders } from './middleware/security-headers'
import { shortTurns } from './middleware/short-turns'
import { nodeHeadersMax, strictRequests } from './middleware/strict-requests'
import { problemHandler } from './problem'
import type { RequestCounts } from './request-counts'
import type { Route } from './route'
import { createRouter } from './routing'

export interface HttpDependencies {
  config: Config['http']
  routes: readonly Route[]
  sessions: SessionService
  perf: Perf
  requests: RequestCounts
  log: Logger
  /** Takes `/v2` where no nginx hands it to the engines. */
  inference?: RequestHandler
}

/** The middleware, in order. */
export function createHttpServer(dependencies: HttpDependencies): Server {
  const { config, routes, sessions, perf, requests, log, inference } = dependencies
  const app = createExpress()
  if (!config.nginx) app.use(inTurn())
  app.use(
    requestContext(perf, requests),
    admission(config.requestsInFlightMax, { perf, requests }),
    shortTurns(),
    securityHeaders,
  )
  if (!config.nginx) app.use(strictRequests)
  app.use(
    createRouter(routes, {
      jsonBody: { bytesMax: config.jsonBodyBytesMax, idleTimeoutMs: config.bodyIdleTimeoutMs },
      authenticate: authenticator(sessions),
    }),
  )
  // After the routes: some of them are the worker's own under /v2.
  if (inference !== undefined) app.use('/v2', inference)
  app.use(() => {
    throw new AppError('not_found', 'There is nothing at this path')
  })
  app.use(problemHandler(log))
  const server = createExpressServer(app, {
    headersTimeout: config.headersTimeoutMs,
    // How often Node looks for what headersTimeout has passed; its default of 30 s would make the limit meaningless.
    connectionsCheckingInterval: 500,
    // A whole upload may take hours; bodies that stand still are ended by bodyIdleTimeoutMs.
    requestTimeout: 0,
    // Above nginx's keepalive_timeout to the workers, so that it is never we who close a connection it is about to use.
    keepAliveTimeout: 75_000,
  })
  server.maxHeadersCount = nodeHeadersMax
  answerClientErrors(server)
  return server
}
