import type { Request, Response } from 'express'
import type { Piece } from '../../services/uploads/resumable'
import { requestBody } from './request-body'
import { checksumOf } from './tus-fields'

/** The body of a request as a piece of an upload. @throws {AppError} `invalid`. */
export function pieceOf(
  req: Request,
  res: Response,
  { bodyIdleTimeoutMs }: { bodyIdleTimeoutMs: number },
): Piece {
  const length = req.headers['content-length']
  return {
    declaredBytes: length === undefined ? null : Number(length),
    checksum: checksumOf(req.headers),
    openBody: () => requestBody(req, res, bodyIdleTimeoutMs),
  }
}
