import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../domain/errors'
import { requestBody } from './uploads/request-body'

/** No document of ours nests deeper; recursive code never meets what could exhaust its stack. */
const depthMax = 32

export interface JsonBodyLimits {
  bytesMax: number
  /** How long the body may stand still. */
  idleTimeoutMs: number
  /** No body is then an empty object, and its type need not be stated: clients of the inference protocol do neither. */
  mayBeAbsent?: boolean
}

/**
 * Reads a JSON body (RFC 8259) into `req.body`: UTF-8 only, not compressed, at most `bytesMax` bytes.
 * @throws {AppError} `unsupported`, `too_large`, `invalid`.
 */
export function jsonBody(limits: JsonBodyLimits): RequestHandler {
  return async (req, res, next) => {
    const { mayBeAbsent = false } = limits
    requireJson(req, mayBeAbsent)
    const bytes = await readBody(req, res, limits)
    req.body = mayBeAbsent && bytes.length === 0 ? {} : parseJson(bytes)
    next()
  }
}

const utf8Json = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

function requireJson(req: Request, anyType: boolean): void {
  if (!anyType && !utf8Json.test(req.headers['content-type'] ?? ''))
    throw unsupported('Content-Type', 'The body must be application/json in UTF-8')
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    throw unsupported('Content-Encoding', 'The body must not be compressed')
}

function unsupported(field: string, message: string): AppError {
  return new AppError('unsupported', message, { field })
}

async function readBody(req: Request, res: Response, limits: JsonBodyLimits): Promise<Buffer> {
  const { bytesMax, idleTimeoutMs } = limits
  const tooLarge = new AppError('too_large', `The body is larger than ${bytesMax} bytes`, body)
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) throw tooLarge
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of requestBody(req, res, idleTimeoutMs)) {
    sizeBytes += chunk.length
    if (sizeBytes > bytesMax) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, sizeBytes)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseJson(bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw invalid('The body is not valid UTF-8', cause)
  }
  if (nestsTooDeep(bytes)) throw invalid(`The body nests deeper than ${depthMax} levels`)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid('The body is not valid JSON', cause)
  }
}

const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/** Counts brackets outside strings, before anything recursive sees the document. */
function nestsTooDeep(bytes: Buffer): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (opening.has(byte)) {
      if (++depth > depthMax) return true
    } else if (closing.has(byte)) depth--
  }
  return false
}

const body = { field: 'body' }

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('invalid', message, { ...body, cause })
}
