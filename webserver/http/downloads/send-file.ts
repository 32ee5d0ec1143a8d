import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { isAppError } from '../../domain/errors'
import type { OpenContent } from '../../services/open-content'
import { evaluateRead } from '../conditional'
import { validatorHeaders, type ContentHeaders } from './file-headers'
import { contentRangeOf, Parts } from './parts'
import { lengthOf, rangesOf, type ByteRange } from './range'

/** What all downloads have in common. */
export interface DownloadOptions {
  headers: ContentHeaders
  /** Ranges of one request; more are answered with the whole. */
  rangesMax: number
  /** Whether an nginx in front sends contents that we name to it (DESIGN D12). */
  viaNginx: boolean
}

export interface Download {
  open: OpenContent
  /** Whether it is to be saved, though a browser could show it. */
  asAttachment: boolean
  /** Done when content is about to be sent, and for nothing less; throws `AppError` to refuse it. */
  beforeContent?: () => Promise<void>
}

type Ranges = readonly ByteRange[] | null

interface Sent {
  open: OpenContent
  ranges: Ranges
  headers: Readonly<Record<string, string>>
}

/** Below it lie the blobs, for redirects inside nginx only. */
const nginxPrefix = '/_blobs/'

/**
 * Answers a GET or HEAD with a file, parts of it, 304, 412 or 416. The answer is the same whether nginx sends the
 * content or we do.
 */
export async function sendFile(
  req: Request,
  res: Response,
  download: Download & DownloadOptions,
): Promise<void> {
  const { open, viaNginx, headers, asAttachment } = download
  if (evaluateRead(req.headers, open.file) === 304) {
    setAll(res, validatorHeaders(open.file))
    res.status(304).end()
    return
  }
  const ranges = req.method === 'GET' ? satisfiableRanges(req, res, download) : null
  if (req.method === 'GET') await download.beforeContent?.()
  const sent = { open, ranges, headers: headers.of(open.file, asAttachment) }
  if (req.method === 'HEAD' || open.file.sizeBytes === 0) endWithoutContent(res, sent)
  else if (viaNginx && open.location !== null && nginxAnswersAlike(req, ranges))
    redirect(req, res, sent)
  else await stream(res, sent)
}

function satisfiableRanges(
  req: Request,
  res: Response,
  { open: { file }, rangesMax }: Download & DownloadOptions,
): Ranges {
  try {
    return rangesOf(req.headers, file, rangesMax)
  } catch (error) {
    if (isAppError(error, 'range_not_satisfiable'))
      res.setHeader('Content-Range', `bytes */${file.sizeBytes}`)
    throw error
  }
}

// What nginx reads as we do: `1-2`, `1-`, `-2`, of a length that it does not take for an overflow.
const plainRange = /(?:\d{1,15}-\d{0,15}|-\d{1,15})/
const plainRanges = new RegExp(`^bytes=${plainRange.source}(?:, ?${plainRange.source})*$`)

/**
 * nginx looks at the request's own conditions and Range once more. If-Match and If-Unmodified-Since it would judge by
 * the blob's file, and it reads some ranges that are none to us; those we send ourselves.
 */
function nginxAnswersAlike({ headers }: Request, ranges: Ranges): boolean {
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined)
    return false
  return headers.range === undefined || (ranges !== null && plainRanges.test(headers.range))
}

function redirect(req: Request, res: Response, { open, ranges, headers }: Sent): void {
  req.context.bytesOut = ranges === null ? open.file.sizeBytes : lengthOf(ranges)
  setAll(res, headers)
  // nginx adds this by itself to the whole, and not to a part.
  if (ranges !== null) res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('X-Accel-Redirect', nginxPrefix + open.location!)
  res.end()
}

function endWithoutContent(res: Response, { open, headers }: Sent): void {
  setAll(res, headers)
  res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('Content-Length', open.file.sizeBytes)
  res.status(200).end()
}

async function stream(res: Response, sent: Sent): Promise<void> {
  const { content, framing } = await contentOf(sent)
  setAll(res, sent.headers)
  setAll(res, framing)
  res.setHeader('Accept-Ranges', 'bytes')
  res.status(sent.ranges === null ? 200 : 206)
  await pipeUntilGone(content, res)
}

/** What is sent, and the headers that say which part of the content that is. */
async function contentOf({ open, ranges, headers }: Sent) {
  const { sizeBytes } = open.file
  if (ranges !== null && ranges.length > 1) {
    const parts = new Parts(open, ranges, headers['Content-Type']!)
    return { content: parts.read(), framing: parts.headers() }
  }
  const range = ranges?.[0] ?? { startByte: 0, endByte: sizeBytes - 1 }
  const framing = {
    'Content-Length': String(lengthOf([range])),
    ...(ranges === null ? {} : { 'Content-Range': contentRangeOf(range, sizeBytes) }),
  }
  return { content: await open.read(range.startByte, range.endByte), framing }
}

/** A client that leaves in the middle is no error of the service; the perf log has it as 499. */
export async function pipeUntilGone(content: NodeJS.ReadableStream, res: Response): Promise<void> {
  try {
    await pipeline(content, res)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

function setAll(res: Response, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) res.setHeader(name, headers[name]!)
}
