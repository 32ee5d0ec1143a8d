import type { ServerResponse } from 'node:http'
import type { AppError } from '../../domain/errors'
import type { EncodedInfer } from './encode-infer'
import { statusOf } from './infer-error'

/** @returns the status that was sent. */
export function sendError(res: ServerResponse, error: AppError): number {
  const status = statusOf[error.code]
  if (error.retryAfterS !== undefined) res.setHeader('Retry-After', error.retryAfterS)
  // What is left of a body that was refused for its size is not worth reading.
  if (error.code === 'too_large') res.setHeader('Connection', 'close')
  sendJson(res, status, { error: error.message })
  return status
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  res.writeHead(status, ['Content-Type', 'application/json', 'Content-Length', `${body.length}`])
  res.end(body)
}

export function sendInfer(res: ServerResponse, encoded: EncodedInfer, requestId: string): void {
  const { contentType, chunks, sizeBytes, headerBytes, coding } = encoded
  const headers = ['Content-Length', `${sizeBytes}`, 'X-Request-Id', requestId]
  headers.push('Content-Type', contentType)
  if (headerBytes > 0) headers.push('Inference-Header-Content-Length', `${headerBytes}`)
  if (coding !== null) headers.push('Content-Encoding', coding)
  res.writeHead(200, headers)
  res.cork()
  for (const chunk of chunks.slice(0, -1)) res.write(chunk)
  res.end(chunks.at(-1))
  res.uncork()
}
