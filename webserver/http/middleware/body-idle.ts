import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../../domain/errors'
import { sendProblem } from '../problem'

/** Ends a request whose body stands still: a client that sends a byte a minute must not hold a place for ever. */
export function bodyIdle(timeoutMs: number): RequestHandler {
  return (req, res, next) => {
    if (expectsBody(req)) watch(req, res, timeoutMs)
    next()
  }
}

function expectsBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function watch(req: Request, res: Response, timeoutMs: number): void {
  // Node calls this only while the body is incomplete and nothing moved on the connection.
  req.setTimeout(timeoutMs, () => {
    // Bytes that wait here are our delay, not the client's.
    if (req.readableLength > 0) return
    if (!res.headersSent) sendProblem(req, res, stoodStill(timeoutMs))
    req.destroy()
  })
  req.once('close', () => {
    if (!res.writableEnded) req.socket.setTimeout(0)
  })
}

function stoodStill(timeoutMs: number): AppError {
  return new AppError('invalid', `The body stood still for ${timeoutMs} ms`, { field: 'body' })
}
