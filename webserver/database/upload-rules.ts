import { AppError } from '../domain/errors'
import type { UploadAcquisition, UploadPart, UploadSession } from '../domain/upload'

/** What an upload has reserved, and what it asks for. */
export interface Reserving {
  reservedBytes: number
  neededBytes: number
  wantedBytes: number
  /** What the quota has left; negative where it was lowered. */
  roomBytes: number
  /** What a commit may let go: the file that it replaces, and its earlier versions. */
  replacedBytes: number
}

/**
 * How many bytes an upload reserves: those it wants as far as there is room. The sums of the account stay within its
 * quota, and its commit will succeed with what it needs, unless what it replaces is gone by then.
 * @throws {AppError} `quota_exceeded`.
 */
export function reservationOf({ reservedBytes, wantedBytes, ...rest }: Reserving): number {
  const { neededBytes, roomBytes, replacedBytes } = rest
  if (neededBytes > reservedBytes + roomBytes + replacedBytes)
    throw new AppError('quota_exceeded', 'the quota of the account does not allow this')
  return Math.max(reservedBytes, Math.min(wantedBytes, reservedBytes + Math.max(0, roomBytes)))
}

export function isLeased(
  { leaseHolder, leaseUntilMs }: Pick<UploadSession, 'leaseHolder' | 'leaseUntilMs'>,
  nowMs: number,
): boolean {
  return leaseHolder !== null && leaseUntilMs > nowMs
}

/** @throws {AppError} `conflict`, `locked`. */
export function requireAcquirable(upload: UploadSession, args: UploadAcquisition): void {
  const { offsetBytes, lengthBytes, takeEpoch, nowMs } = args
  if (upload.kind === 'put' || upload.kind === 'joined')
    throw new AppError('conflict', 'this upload takes no more bytes')
  if (upload.outcome !== null) throw new AppError('conflict', 'this upload is finished')
  if (isLeased(upload, nowMs) && takeEpoch !== upload.leaseEpoch)
    throw new AppError('locked', 'another request is writing this upload', { retryAfterS: 1 })
  if (upload.offsetBytes !== offsetBytes)
    throw new AppError('conflict', `the upload is at ${upload.offsetBytes}`, {
      field: 'Upload-Offset',
    })
  if (lengthBytes === null || lengthBytes === upload.lengthBytes) return
  if (upload.lengthBytes !== null || lengthBytes < offsetBytes)
    throw new AppError('conflict', 'the length is another', { field: 'Upload-Length' })
}

/** @throws {AppError} `conflict`. */
export function requireJoinable(upload: UploadSession, part: UploadPart, nowMs: number): void {
  const isWhole = upload.offsetBytes === part.sizeBytes && upload.lengthBytes === part.sizeBytes
  if (upload.kind === 'part' && isWhole && !isLeased(upload, nowMs)) return
  throw new AppError('conflict', 'a part is not complete', { field: 'Upload-Concat' })
}

export function tooManyUploads(openMax: number): AppError {
  return new AppError('rate_limited', `There are ${openMax} uploads open already`, {
    retryAfterS: 60,
  })
}

export function leaseLost(): AppError {
  return new AppError('conflict', 'another request has taken over this upload')
}
