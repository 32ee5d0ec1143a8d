import type { ErrorRequestHandler, Request, Response } from 'express'
import { AppError, type ErrorCode } from '../domain/errors'
import type { Logger } from '../platform/logger'

interface HttpMeaning {
  status: number
  title: string
}

/** What each error code means over HTTP. */
export const httpMeanings = {
  invalid: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid session token is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The path does not have this verb' },
  conflict: { status: 409, title: 'In conflict with the present state' },
  precondition_failed: { status: 412, title: 'A precondition does not hold' },
  range_not_satisfiable: { status: 416, title: 'The range lies outside the content' },
  too_large: { status: 413, title: 'Too large' },
  quota_exceeded: { status: 507, title: 'The account is full' },
  storage_full: { status: 507, title: 'The storage is full' },
  unsupported: { status: 415, title: 'Not supported' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available for the moment' },
  deadline: { status: 504, title: 'Not finished in time' },
  internal: { status: 500, title: 'An error of the service' },
} as const satisfies Record<ErrorCode, HttpMeaning>

/** RFC 9457. `code` is the stable name; `field` points at the input; `instance` is found in the logs. */
export function problemOf(error: AppError, requestId: string): Record<string, unknown> {
  const { status, title } = httpMeanings[error.code]
  return {
    type: `/problems/${error.code}`,
    title,
    status,
    detail: error.message,
    instance: `urn:request:${requestId}`,
    code: error.code,
    ...(error.field === undefined ? {} : { field: error.field }),
  }
}

/** The last handler: whatever was thrown becomes one problem. What is no AppError is logged whole and shown as `internal`. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = toAppError(thrown)
    if (error.code === 'internal')
      log.error({ err: thrown, requestId: requestIdOf(req) }, 'request failed')
    if (res.headersSent) {
      next(thrown)
      return
    }
    sendProblem(req, res, error)
  }
}

export function sendProblem(req: Request, res: Response, error: AppError): void {
  req.context.errorCode = error.code
  if (error.code === 'unauthenticated') res.setHeader('WWW-Authenticate', 'Bearer')
  if (error.retryAfterS !== undefined) res.setHeader('Retry-After', error.retryAfterS)
  // An answer that comes before the body was read ends the connection rather than reading on.
  if (!req.complete) res.setHeader('Connection', 'close')
  const body = isInference(req) ? { error: error.message } : problemOf(error, requestIdOf(req))
  const type = isInference(req) ? 'application/json' : 'application/problem+json'
  res.status(httpMeanings[error.code].status)
  res.setHeader('Content-Type', type)
  res.end(JSON.stringify(body))
}

/** The Open Inference Protocol has an error form of its own. */
function isInference(req: Request): boolean {
  return req.path === '/v2' || req.path.startsWith('/v2/')
}

function requestIdOf(req: Request): string {
  return req.context.timing.requestId
}

function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return (
    fromExpress(thrown) ??
    new AppError('internal', 'The service failed; the log has the reason', { cause: thrown })
  )
}

const bodyErrors: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  'entity.too.large': { code: 'too_large', message: 'The body is larger than this route takes' },
  'entity.parse.failed': { code: 'invalid', message: 'The body is not valid JSON' },
  'entity.verify.failed': { code: 'invalid', message: 'The body is not valid UTF-8' },
  'charset.unsupported': { code: 'unsupported', message: 'The body must be UTF-8' },
  'encoding.unsupported': { code: 'unsupported', message: 'The Content-Encoding is not supported' },
  'request.aborted': { code: 'invalid', message: 'The body ended early' },
  'request.size.invalid': {
    code: 'invalid',
    message: 'The body is not as long as Content-Length says',
  },
}

/** Errors of body-parser carry a `type`, errors of the router a 400 `status`. */
function fromExpress(thrown: unknown): AppError | null {
  if (!(thrown instanceof Error)) return null
  const { type, status } = thrown as { type?: unknown; status?: unknown }
  const known = typeof type === 'string' ? bodyErrors[type] : undefined
  if (known !== undefined)
    return new AppError(known.code, known.message, { field: 'body', cause: thrown })
  if (status === 400)
    return new AppError('invalid', 'The path is not validly percent-encoded', {
      field: 'path',
      cause: thrown,
    })
  return null
}
