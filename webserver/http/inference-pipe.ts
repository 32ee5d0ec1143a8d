import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
} from 'node:http'
import { pipeline } from 'node:stream'
import { pipeline as whenPiped } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../domain/errors'
import { enginesFor, type ModelPins } from '../domain/model-pins'
import { EnginePool } from './engine-pool'
import { requestBody } from './uploads/request-body'

export interface InferencePipeOptions {
  socketPaths: readonly string[]
  requireToken: boolean
  /** Within this time of having the whole request an engine answers by itself. */
  deadlineMs: number
  bodyBytesMax: number
  bodyIdleTimeoutMs: number
  /** Where some of the models are. */
  pins(): ModelPins
  /** Puts the caller into the context, or throws `unauthenticated`. */
  authenticate(req: Request): Promise<void>
}

const openPaths = new Set(['/v2/health/live', '/v2/health/ready'])

// The engine's own 504 should win over ours.
const graceMs = 2000

/**
 * Takes `/v2` where no nginx stands in front: each request is streamed to the least busy engine, and its answer back.
 * @throws {AppError} `unauthenticated`; `too_large`; `unavailable` when no engine takes it or its engine died; `deadline`.
 */
export function inferencePipe(options: InferencePipeOptions): RequestHandler {
  const pool = new EnginePool(options.socketPaths)
  return async (req, res) => {
    req.context.route = `${req.method} /v2/*path`
    const path = req.originalUrl.split('?', 1)[0]!
    if (options.requireToken && !openPaths.has(path)) await options.authenticate(req)
    requireTakable(req, options.bodyBytesMax)
    const { timing } = req.context
    const startedAt = timing.now()
    await exchange(req, res, { ...options, pool })
    timing.end('upstream', startedAt)
  }
}

/** Said here as well as by the engine: a client that holds its body back must hear it before it is asked to go on. */
function requireTakable({ headers }: Request, bytesMax: number): void {
  if (Number(headers['content-length'] ?? 0) <= bytesMax) return
  throw new AppError(
    'too_large',
    `request body size exceeds the maximum allowed input size of ${bytesMax} bytes`,
  )
}

async function exchange(
  req: Request,
  res: Response,
  { pool, bodyIdleTimeoutMs, deadlineMs, pins }: InferencePipeOptions & { pool: EnginePool },
): Promise<void> {
  const signal = whenGone(res)
  const { upstream, release } = await pool.connect(
    { ...requestFor(req), signal },
    enginesFor(req.originalUrl, pins()),
  )
  try {
    // Node would keep the headers until the first byte of the body; the engine may refuse by the headers alone.
    upstream.flushHeaders()
    const body = requestBody(req, res, bodyIdleTimeoutMs)
    const answer = await answerTo(upstream, body, deadlineMs + graceMs)
    res.writeHead(answer.statusCode!, endToEnd(answer.headers))
    await whenPiped(answer, res)
  } catch (error) {
    // Nobody is left to be told.
    if (!signal.aborted) throw error
  } finally {
    upstream.destroy()
    release()
  }
}

/** Aborts when the client has left before its answer was sent: the engine need not go on. */
function whenGone(res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
  })
  return gone.signal
}

/** @throws {AppError} what the body throws; `unavailable` when the engine ends; `deadline`. */
function answerTo(
  upstream: ClientRequest,
  body: AsyncIterable<Buffer>,
  timeoutMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    upstream.once('response', (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    upstream.once('close', () => clearTimeout(timer))
    pipeline(body, upstream, (error) => {
      if (error instanceof AppError) reject(error)
      else timer = setTimeout(() => reject(tooLate()), timeoutMs)
    })
    upstream.on('error', (cause) => reject(engineEnded(cause)))
  })
}

function tooLate(): AppError {
  return new AppError('deadline', 'The model did not answer in time')
}

function engineEnded(cause: Error): AppError {
  const message = 'The engine ended before it answered'
  return new AppError('unavailable', message, { retryAfterS: 1, cause })
}

/** Of RFC 9110 §7.6.1, but for Transfer-Encoding, which Node's own framing of the body goes by. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
])

function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}

// Credentials are none of an engine's business; the rest is ours to say.
const notPassedOn = new Set(['authorization', 'cookie', 'expect', 'host', 'x-request-id'])

function requestFor(req: Request) {
  const { caller, timing } = req.context
  const passedOn = Object.entries(endToEnd(req.headers)).filter(
    ([name]) => !notPassedOn.has(name) && !name.startsWith('x-gristmill-'),
  )
  const headers: OutgoingHttpHeaders = {
    ...Object.fromEntries(passedOn),
    host: 'engine',
    'x-request-id': timing.requestId,
    ...(caller === null ? {} : { 'x-gristmill-account': caller.accountId }),
  }
  return { method: req.method, path: req.originalUrl, headers }
}
