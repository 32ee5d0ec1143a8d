import {
  Agent,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { pipeline } from 'node:stream'
import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../domain/errors'
import { EnginePool, type Engine } from './engine-pool'

export interface InferencePipeOptions {
  socketPaths: readonly string[]
  requireToken: boolean
  /** Within this time an engine answers by itself. */
  deadlineMs: number
  /** Puts the caller into the context, or throws `unauthenticated`. */
  authenticate(req: Request): Promise<void>
}

const openPaths = new Set(['/v2/health/live', '/v2/health/ready'])

// The engine's own 504 should win over ours.
const graceMs = 2000

/**
 * Takes `/v2` where no nginx stands in front: one request, streamed both ways, to the least busy engine.
 * @throws {AppError} `unauthenticated`; `unavailable` when no engine takes it or its engine died; `deadline`.
 */
export function inferencePipe(options: InferencePipeOptions): RequestHandler {
  const pool = new EnginePool(options.socketPaths)
  const agent = new Agent({ keepAlive: true })
  return async (req, res) => {
    req.context.route = `${req.method} /v2/*path`
    const path = req.originalUrl.split('?', 1)[0]!
    if (options.requireToken && !openPaths.has(path)) await options.authenticate(req)
    const startedAt = req.context.timing.now()
    await sendToSome(pool.inOrder(), (engine) =>
      new Exchange(req, res, { agent, engine, timeoutMs: options.deadlineMs + graceMs }).run(),
    )
    req.context.timing.end('upstream', startedAt)
  }
}

/** An engine that is just being replaced refuses connections; nothing was sent then, so the next one may have it. */
async function sendToSome(
  engines: readonly Engine[],
  send: (engine: Engine) => Promise<'sent' | 'refused'>,
): Promise<void> {
  for (const engine of engines) {
    engine.inFlight++
    try {
      if ((await send(engine)) === 'sent') return
    } finally {
      engine.inFlight--
    }
  }
  throw new AppError('unavailable', 'No engine is ready', { retryAfterS: 1 })
}

interface ExchangeOptions {
  agent: Agent
  engine: Engine
  timeoutMs: number
}

/** One request to one engine. */
class Exchange {
  private readonly upstream: ClientRequest
  private connected = false
  private answered = false
  private timer: NodeJS.Timeout | null = null

  constructor(
    private readonly req: Request,
    private readonly res: Response,
    private readonly options: ExchangeOptions,
  ) {
    this.upstream = request({
      agent: options.agent,
      socketPath: options.engine.socketPath,
      method: req.method,
      path: req.originalUrl,
      headers: headersFor(req),
    })
  }

  /** Resolves when the answer has gone out, the client has left, or the engine refused the connection. */
  run(): Promise<'sent' | 'refused'> {
    return new Promise((resolve, reject) => {
      const settle = (error?: AppError) => {
        if (this.timer !== null) clearTimeout(this.timer)
        this.res.off('close', onClientGone)
        if (error === undefined) resolve('sent')
        else reject(error)
      }
      const onClientGone = () => {
        this.upstream.destroy()
        settle()
      }
      this.res.once('close', onClientGone)
      this.upstream.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => this.sendBody(settle))
        else this.sendBody(settle)
      })
      this.upstream.once('response', (answer) => this.passOn(answer, settle))
      this.upstream.on('error', () => {
        if (this.answered) return
        if (this.connected) settle(engineEnded())
        else {
          this.res.off('close', onClientGone)
          resolve('refused')
        }
      })
    })
  }

  private sendBody(settle: (error: AppError) => void): void {
    this.connected = true
    this.req.pipe(this.upstream)
    const startTimer = () => {
      this.timer = setTimeout(() => {
        settle(new AppError('deadline', 'The model did not answer in time'))
        this.upstream.destroy()
      }, this.options.timeoutMs)
    }
    if (this.req.readableEnded) startTimer()
    else this.req.once('end', startTimer)
  }

  private passOn(answer: IncomingMessage, settle: () => void): void {
    this.answered = true
    this.res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
    pipeline(answer, this.res, () => settle())
  }
}

function engineEnded(): AppError {
  return new AppError('unavailable', 'The engine ended before it answered', { retryAfterS: 1 })
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** RFC 9110 §7.6.1. */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))
}

// Credentials are none of an engine's business, and who is asking is ours to say.
const ownWords = new Set(['authorization', 'cookie', 'expect', 'host', 'x-request-id'])

function headersFor(req: Request): OutgoingHttpHeaders {
  const { caller, timing } = req.context
  const passedOn = Object.entries(endToEnd(req.headers)).filter(
    ([name]) => !ownWords.has(name) && !name.startsWith('x-gristmill-'),
  )
  return {
    ...Object.fromEntries(passedOn),
    host: 'engine',
    'x-request-id': timing.requestId,
    ...(caller === null ? {} : { 'x-gristmill-account': caller.accountId }),
  }
}
