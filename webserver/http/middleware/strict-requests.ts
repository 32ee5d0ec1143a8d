import type { Request, RequestHandler } from 'express'
import { AppError } from '../../domain/errors'

const headersMax = 100
const targetLengthMax = 8192

/**
 * Node drops what exceeds `maxHeadersCount` without a word, be it the line that carries the token: one more than we take
 * lets us see that there were too many.
 */
export const nodeHeadersMax = headersMax + 1

/**
 * Refuses what Node's parser lets through and nginx does not, where no nginx stands in front (RFC 9112 §2.3, §3.2), and
 * makes a target in absolute form the path that it holds: nothing behind asks which host was meant.
 * @throws {AppError} `invalid`.
 */
export const strictRequests: RequestHandler = (req, _res, next) => {
  const { rawHeaders, httpVersionMajor, url } = req
  if (httpVersionMajor !== 1) refuse('HTTP/1.1 is what is spoken here')
  if (rawHeaders.length > 2 * headersMax) refuse(`There are more than ${headersMax} headers`)
  if (url.length > targetLengthMax)
    refuse(`The address has more than ${targetLengthMax} characters`)
  if ((req.headersDistinct.host?.length ?? 0) > 1) refuse('There is more than one Host')
  if (!url.startsWith('/')) takePathOf(req)
  next()
}

const absoluteForm = /^https?:\/\/[^/?#]*/i

function takePathOf(req: Request): void {
  const path = req.url.replace(absoluteForm, '')
  req.url = req.originalUrl = path.startsWith('/') ? path : `/${path}`
}

function refuse(message: string): never {
  throw new AppError('invalid', message)
}
