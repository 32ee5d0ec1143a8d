import type { Request, RequestHandler } from 'express'
import { AppError } from '../domain/errors'

/** No document of ours nests deeper; recursive code never meets what could exhaust its stack. */
const depthMax = 32

/**
 * Reads a JSON body (RFC 8259) into `req.body`: UTF-8 only, not compressed, at most `bytesMax` bytes.
 * @throws {AppError} `unsupported`, `too_large`, `invalid`.
 */
export function jsonBody(bytesMax: number): RequestHandler {
  return async (req, _res, next) => {
    requireJson(req)
    req.body = parseJson(await readBody(req, bytesMax))
    next()
  }
}

const utf8Json = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

function requireJson(req: Request): void {
  if (!utf8Json.test(req.headers['content-type'] ?? ''))
    throw unsupported('Content-Type', 'The body must be application/json in UTF-8')
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    throw unsupported('Content-Encoding', 'The body must not be compressed')
}

function unsupported(field: string, message: string): AppError {
  return new AppError('unsupported', message, { field })
}

function readBody(req: Request, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    const refuse = () => {
      req.off('data', take)
      reject(new AppError('too_large', `The body is larger than ${bytesMax} bytes`, body))
    }
    const take = (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes > bytesMax) refuse()
      else chunks.push(chunk)
    }
    if (Number(req.headers['content-length'] ?? 0) > bytesMax) {
      refuse()
      return
    }
    req.on('data', take)
    req.once('end', () => resolve(Buffer.concat(chunks, sizeBytes)))
    req.once('error', (cause) => reject(invalid('The body ended early', cause)))
  })
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
