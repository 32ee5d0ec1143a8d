import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import { digestHeaders } from '../downloads/file-headers'

/** Which digests of a body we verify (RFC 9530 §4), for `Want-Content-Digest`. */
export const digestWishes = 'sha-256=10, sha-512=5'

/** What every answer to a write says of the file that came of it. */
export function writtenHeaders(file: StoredFile): Record<string, string> {
  return { ETag: file.etag, ...digestHeaders(file) }
}

/** How long the body is said to be; null when that is not said. */
export function declaredBytesOf({ 'content-length': length }: IncomingHttpHeaders): number | null {
  return length === undefined ? null : Number(length)
}

/** @throws {AppError} `unsupported` for a body that would have to be decoded. */
export function requireIdentityCoding(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.trim().toLowerCase() === 'identity') return
  throw new AppError('unsupported', 'Send the body without Content-Encoding', {
    field: 'Content-Encoding',
  })
}
