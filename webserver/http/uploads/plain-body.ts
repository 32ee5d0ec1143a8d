import type { Request, Response } from 'express'
import { AppError } from '../../domain/errors'
import { BodyDigests } from './body-digests'
import { declaredBytesOf, requireIdentityCoding } from './exchange'
import { requestBody } from './request-body'

/**
 * A body that is a file's whole content, and what its headers say of it. What they ask for and we do not do is refused, so
 * that nothing else is stored than was meant. @throws {AppError} `unsupported`, `invalid`.
 */
export function plainBodyOf(req: Request, res: Response, idleTimeoutMs: number) {
  const { headers } = req
  const digests = new BodyDigests(headers)
  requireIdentityCoding(headers)
  if (headers['content-range'] !== undefined)
    throw new AppError('invalid', 'A file is stored whole, without Content-Range', {
      field: 'Content-Range',
    })
  return {
    digests,
    contentType: headers['content-type'] ?? null,
    declaredBytes: declaredBytesOf(headers),
    openBody: () => digests.through(requestBody(req, res, idleTimeoutMs)),
  }
}
