import type { Request, Response } from 'express'
import type { Piece } from '../../services/uploads/resumable'
import { BodyDigests } from './body-digests'
import { requestBody } from './request-body'
import { checksumOf } from './tus-fields'

/** The body of a request as a piece of an upload. @throws {AppError} `invalid`. */
export function pieceOf(
  req: Request,
  res: Response,
  { bodyIdleTimeoutMs }: { bodyIdleTimeoutMs: number },
): Piece {
  const { headers } = req
  const length = headers['content-length']
  const digests = new BodyDigests(headers)
  const checksum = checksumOf(headers)
  const openBody = () => digests.through(requestBody(req, res, bodyIdleTimeoutMs))
  return {
    declaredBytes: length === undefined ? null : Number(length),
    isChecked: checksum !== null || digests.areGiven,
    openBody: () => (checksum === null ? openBody() : checksum.through(openBody())),
  }
}
