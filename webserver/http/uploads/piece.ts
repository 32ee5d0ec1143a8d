import type { Request, Response } from 'express'
import type { Piece } from '../../services/uploads/resumable'
import { BodyDigests } from './body-digests'
import { declaredBytesOf } from './exchange'
import { requestBody } from './request-body'
import { checksumOf } from './tus-fields'

/** The body of a request as a piece of an upload. @throws {AppError} `invalid`. */
export function pieceOf(
  req: Request,
  res: Response,
  { bodyIdleTimeoutMs }: { bodyIdleTimeoutMs: number },
): Piece {
  const { headers } = req
  const digests = new BodyDigests(headers)
  const checksum = checksumOf(headers)
  return {
    declaredBytes: declaredBytesOf(headers),
    isChecked: checksum.length > 0 || digests.areGiven,
    openBody: () => digests.through(requestBody(req, res, bodyIdleTimeoutMs), checksum),
  }
}
