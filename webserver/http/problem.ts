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
  gone: { status: 410, title: 'No longer available' },
  method_not_allowed: { status: 405, title: 'The path does not have this verb' },
  conflict: { status: 409, title: 'In conflict with the present state' },
  precondition_failed: { status: 412, title: 'A precondition does not hold' },
  precondition_required: { status: 428, title: 'A precondition is needed' },
  locked: { status: 423, title: 'In use by another request' },
  // tus 1.0 has a number of its own for it.
  checksum_mismatch: { status: 460, title: 'The bytes do not have the checksum' },
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

/** Of an answer in either form: the Open Inference Protocol's clients know what is not supported by 501. */
export function statusOf(code: ErrorCode, form: 'problem' | 'inference'): number {
  return form === 'inference' && code === 'unsupported' ? 501 : httpMeanings[code].status
}

/** RFC 9457. `code` is the stable name; `field` points at the input; `instance` is found in the logs; members are extensions. */
export function problemOf(error: AppError, requestId: string): Record<string, unknown> {
  const { status, title } = httpMeanings[error.code]
  return {
    ...error.members,
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
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, req, res, _next) => {
    const error = toAppError(thrown)
    if (error.code === 'internal')
      log.error({ err: thrown, requestId: requestIdOf(req) }, 'request failed')
    // An answer that has begun cannot be taken back; only a broken connection tells that it is incomplete.
    if (res.headersSent) req.socket.destroy()
    else sendProblem(req, res, error)
  }
}

export function sendProblem(req: Request, res: Response, error: AppError): void {
  req.context.errorCode = error.code
  if (error.code === 'unauthenticated' && !res.hasHeader('WWW-Authenticate'))
    res.setHeader('WWW-Authenticate', 'Bearer')
  if (error.retryAfterS !== undefined) res.setHeader('Retry-After', error.retryAfterS)
  const inference = isInference(req)
  // Where a worker stands in for nginx its words are nginx's; the engines' own answers are passed on whole.
  const content = inference
    ? { error: isOwnWord(req, error) ? error.message : httpMeanings[error.code].title }
    : problemOf(error, requestIdOf(req))
  const type = inference ? 'application/json' : 'application/problem+json'
  const body = Buffer.from(JSON.stringify(content))
  res.status(statusOf(error.code, inference ? 'inference' : 'problem'))
  res.setHeader('Content-Type', type)
  res.setHeader('Content-Length', body.length)
  if (hasWholeBody(req)) res.end(body)
  else answerBeforeBody(req, res, body)
}

/** The worker's own routes say more than nginx would; of a body's size nginx says what the engine does. */
function isOwnWord({ context }: Request, { code }: AppError): boolean {
  return context.ownInferenceRoute || code === 'too_large'
}

/** `complete` alone does not tell: within the turn that brought the headers it is false without a body as well. */
function hasWholeBody({ complete, headers }: Request): boolean {
  return (
    complete ||
    (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0)
  )
}

// Enough for a client to notice the answer; a connection closed under its hands would often hide it.
const lingerMs = 1000

/** An answer that comes before the body has arrived ends the connection, rather than reading on for ever. */
function answerBeforeBody(req: Request, res: Response, body: Buffer): void {
  res.setHeader('Connection', 'close')
  res.write(body)
  const end = () => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, lingerMs)
  req.once('end', end)
  req.once('close', end)
  req.resume()
}

/** The Open Inference Protocol has an error form of its own. */
function isInference(req: Request): boolean {
  return /^\/v2(?:[/?]|$)/.test(req.originalUrl)
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

/** The router refuses a path that is not validly percent-encoded with an error of its own. */
function fromExpress(thrown: unknown): AppError | null {
  if (!(thrown instanceof URIError)) return null
  return new AppError('invalid', 'The path is not validly percent-encoded', {
    field: 'path',
    cause: thrown,
  })
}
