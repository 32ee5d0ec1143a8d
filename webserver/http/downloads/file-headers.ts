import contentDisposition from 'content-disposition'
import type { Sendable } from '../../services/open-content'
import { lastModifiedOf } from '../conditional'
import { formatHttpDate } from '../http-date'
import type { InlineTypes } from './presentation'

type Headers = Readonly<Record<string, string>>

/** RFC 9530 §3: the digest of the whole content, whatever part of it is sent; none where nobody has read it all. */
export function digestHeaders({ sha256 }: Pick<Sendable, 'sha256'>): Record<string, string> {
  if (sha256 === null) return {}
  return { 'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }
}

/** What every answer that carries or stands for a file's content says; a 304 says only this. */
export function validatorHeaders(file: Sendable): Record<string, string> {
  const modifiedMs = lastModifiedOf(file)
  return {
    ETag: file.etag,
    ...(modifiedMs === null ? {} : { 'Last-Modified': formatHttpDate(modifiedMs) }),
    'Cache-Control': 'private, no-cache',
  }
}

/**
 * What is said with a content. People's files can run nothing with our origin: most are saved rather than shown, and none
 * is guessed at.
 */
export class ContentHeaders {
  // Of files that are asked for again while nothing was written: then the database gives the same object.
  private readonly shown = new WeakMap<Sendable, Headers>()
  private readonly saved = new WeakMap<Sendable, Headers>()

  constructor(private readonly inlineTypes: InlineTypes) {}

  /** @param asAttachment whether it is to be saved, though a browser could show it. */
  of(file: Sendable, asAttachment: boolean): Headers {
    const known = asAttachment ? this.saved : this.shown
    let headers = known.get(file)
    if (headers === undefined) known.set(file, (headers = this.make(file, asAttachment)))
    return headers
  }

  private make(file: Sendable, asAttachment: boolean): Headers {
    const { inline, contentType, policy } = this.inlineTypes.presentationOf(
      file.contentType,
      asAttachment,
    )
    return {
      ...validatorHeaders(file),
      'Content-Type': contentType,
      'Content-Disposition': dispositionOf(file.path, inline ? 'inline' : 'attachment'),
      'Content-Security-Policy': policy,
      'Cross-Origin-Resource-Policy': 'same-origin',
      ...digestHeaders(file),
      'X-Content-Type-Options': 'nosniff',
    }
  }
}

/** RFC 6266 with an ASCII name beside that of RFC 8187: clients disagree about any other byte. */
export function dispositionOf(path: string, type: 'inline' | 'attachment'): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return contentDisposition(name, { type, fallback: name.replace(/[^ -~]/g, '?') })
}
