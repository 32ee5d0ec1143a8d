import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { isAppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import type { OpenFile } from '../../services/open-content'
import { evaluateRead } from '../conditional'
import { contentHeaders, validatorHeaders } from './file-headers'
import { rangeOf, type ByteRange } from './range'

export interface Download {
  open: OpenFile
  /** Whether an nginx in front sends contents that we name to it (DESIGN D12). */
  viaNginx: boolean
}

/** Below it lie the blobs, for redirects inside nginx only. */
const nginxPrefix = '/_blobs/'

/**
 * Answers a GET or HEAD with a file, a part of it, 304, 412 or 416. The answer is the same whether nginx sends the
 * content or we do.
 */
export async function sendFile(req: Request, res: Response, download: Download): Promise<void> {
  const { open, viaNginx } = download
  if (evaluateRead(req.headers, open.file) === 304) {
    setAll(res, validatorHeaders(open.file))
    res.status(304).end()
    return
  }
  const range = req.method === 'GET' ? satisfiableRange(req, res, open) : null
  if (req.method === 'HEAD' || open.file.sizeBytes === 0) {
    begin(res, open, range)
    res.end()
  } else if (viaNginx && open.location !== null && nginxAnswersAlike(req, range))
    redirect(req, res, { open, range })
  else await stream(res, open, range)
}

function satisfiableRange(req: Request, res: Response, { file }: OpenFile): ByteRange | null {
  try {
    return rangeOf(req.headers, file)
  } catch (error) {
    if (isAppError(error, 'range_not_satisfiable'))
      res.setHeader('Content-Range', `bytes */${file.sizeBytes}`)
    throw error
  }
}

// What nginx reads as we do: `bytes=1-2`, `bytes=1-`, `bytes=-2`, of a length that it does not take for an overflow.
const plainRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/

/**
 * nginx looks at the request's own conditions and Range once more. If-Match and If-Unmodified-Since it would judge by
 * the blob's file, and it reads some ranges that are none to us; those we send ourselves.
 */
function nginxAnswersAlike({ headers }: Request, range: ByteRange | null): boolean {
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined)
    return false
  return headers.range === undefined || (range !== null && plainRange.test(headers.range))
}

function redirect(
  req: Request,
  res: Response,
  { open, range }: { open: OpenFile; range: ByteRange | null },
): void {
  req.context.bytesOut = lengthOf(open.file, range)
  setAll(res, contentHeaders(open.file))
  // nginx adds this by itself to the whole, and not to a part.
  if (range !== null) res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('X-Accel-Redirect', nginxPrefix + open.location!)
  res.end()
}

async function stream(res: Response, open: OpenFile, range: ByteRange | null): Promise<void> {
  const { startByte, endByte } = range ?? { startByte: 0, endByte: open.file.sizeBytes - 1 }
  const content = await open.read(startByte, endByte)
  begin(res, open, range)
  await pipeUntilGone(content, res)
}

function begin(res: Response, { file }: OpenFile, range: ByteRange | null): void {
  setAll(res, contentHeaders(file))
  res.status(range === null ? 200 : 206)
  res.setHeader('Accept-Ranges', 'bytes')
  res.setHeader('Content-Length', lengthOf(file, range))
  if (range !== null)
    res.setHeader('Content-Range', `bytes ${range.startByte}-${range.endByte}/${file.sizeBytes}`)
}

/** A client that leaves in the middle is no error of the service; the perf log has it as 499. */
async function pipeUntilGone(content: NodeJS.ReadableStream, res: Response): Promise<void> {
  try {
    await pipeline(content, res)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

function lengthOf({ sizeBytes }: StoredFile, range: ByteRange | null): number {
  return range === null ? sizeBytes : range.endByte - range.startByte + 1
}

function setAll(res: Response, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) res.setHeader(name, headers[name]!)
}
