import contentDisposition from 'content-disposition'
import type { StoredFile } from '../../domain/file'
import { lastModifiedOf } from '../conditional'
import { formatHttpDate } from '../http-date'

/** RFC 9530 §3: the digest of the whole content, whatever part of it is sent; none where nobody has read it all. */
export function digestHeaders({ sha256 }: StoredFile): Record<string, string> {
  if (sha256 === null) return {}
  return { 'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }
}

/** What every answer that carries or stands for a file's content says; a 304 says only this. */
export function validatorHeaders(file: StoredFile): Record<string, string> {
  return {
    ETag: file.etag,
    'Last-Modified': formatHttpDate(lastModifiedOf(file)),
    'Cache-Control': 'private, no-cache',
  }
}

// Of files that are asked for again while nothing was written: then the database gives the same object.
const known = new WeakMap<StoredFile, Readonly<Record<string, string>>>()

/** As `makeContentHeaders` says, made once for each object. */
export function contentHeaders(file: StoredFile): Readonly<Record<string, string>> {
  let headers = known.get(file)
  if (headers === undefined) known.set(file, (headers = makeContentHeaders(file)))
  return headers
}

/** What people upload is never shown by us: it is saved, not guessed at, and can run nothing with our origin. */
function makeContentHeaders(file: StoredFile): Record<string, string> {
  return {
    ...validatorHeaders(file),
    'Content-Type': file.contentType,
    'Content-Disposition': dispositionOf(file.path),
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...digestHeaders(file),
    'X-Content-Type-Options': 'nosniff',
  }
}

/** RFC 6266 with an ASCII name beside that of RFC 8187: clients disagree about any other byte. */
function dispositionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return contentDisposition(name, { fallback: name.replace(/[^ -~]/g, '?') })
}
