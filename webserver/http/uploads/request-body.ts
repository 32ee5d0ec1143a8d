import type { Request, Response } from 'express'
import { AppError } from '../../domain/errors'

/**
 * The body as it arrives. Begins by asking for it where the client waits to be asked (RFC 9110 §10.1.1). Counts into
 * `context.bytesIn`. Leaving the loop early leaves the connection open, so that the refusal can be sent.
 * @throws {AppError} `invalid` when the body ends early, or stands still for `idleTimeoutMs` while it is waited for.
 */
export async function* requestBody(
  req: Request,
  res: Response,
  idleTimeoutMs: number,
): AsyncGenerator<Buffer> {
  req.context.bytesIn = 0
  if (req.headers.expect !== undefined) res.writeContinue()
  while (!req.readableEnded) {
    const chunk = req.read() as Buffer | null
    if (chunk !== null) {
      req.context.bytesIn += chunk.length
      yield chunk
    } else await moreOf(req, idleTimeoutMs)
  }
}

/** Resolves when there is something to read, or nothing more to come. */
function moreOf(req: Request, idleTimeoutMs: number): Promise<void> {
  if (req.destroyed) throw endedEarly()
  return new Promise((resolve, reject) => {
    const settle = (error?: AppError) => {
      clearTimeout(timer)
      req.off('readable', proceed).off('end', proceed).off('error', fail).off('close', fail)
      if (error === undefined) resolve()
      else reject(error)
    }
    const proceed = () => settle()
    const fail = () => settle(req.readableEnded ? undefined : endedEarly())
    const timer = setTimeout(() => settle(stoodStill()), idleTimeoutMs)
    req.on('readable', proceed).on('end', proceed).on('error', fail).on('close', fail)
  })
}

function endedEarly(): AppError {
  return new AppError('invalid', 'The body ended early', { field: 'body' })
}

function stoodStill(): AppError {
  return new AppError('invalid', 'The body stood still for too long', { field: 'body' })
}
