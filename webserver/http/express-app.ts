import {
  createServer,
  IncomingMessage,
  ServerResponse,
  type Server,
  type ServerOptions,
} from 'node:http'
import express, { type Express } from 'express'

/**
 * Express sets the prototypes of every request and response; that one call was 80 % of its cost (DESIGN D13). Objects
 * whose class already has the app's prototype make it a no-op. Use Routers below it: a mounted app would switch
 * prototypes again.
 */
export function createExpress(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  return app
}

export function createExpressServer(app: Express, options: ServerOptions): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  app.request = AppRequest.prototype as typeof app.request
  app.response = AppResponse.prototype as typeof app.response
  const classes = { IncomingMessage: AppRequest, ServerResponse: AppResponse } as ServerOptions
  // A body that a client holds back (RFC 9110 §10.1.1) is asked for where it is read, see `requestBody`: what is refused
  // before is never sent.
  return createServer({ ...options, ...classes }, app).on('checkContinue', app)
}
