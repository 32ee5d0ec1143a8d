import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { Piece, ResumableDependencies } from './resumable'
import { ResumedUpload } from './resumed-upload'

/** An upload in hand: another takes its place when the lease was given back and taken again. */
export interface InHand {
  upload: ResumedUpload
  /** While the lease is given back, there is nothing to end. */
  isReleased: boolean
  /** Whether all of the piece came, and is what it was said to be. */
  isRead: boolean
}

interface Receiving {
  use: ResumableDependencies
  viewer: () => Viewer
  piece: Piece
  timing: Timing
}

/**
 * Streams a piece into the upload in hand. Every `uploadFlushBytes`, and a third of the lease's time, what came is made
 * durable and counted, unless all of it is still to be checked. While no byte comes the lease is given back, so
 * that a connection that died without a word keeps nobody waiting, and taken again with the next byte.
 * @throws {AppError} what the body throws; `conflict`, `locked` when another has the upload by now; `too_large`,
 * `quota_exceeded`.
 */
export async function receivePiece(hand: InHand, receiving: Receiving): Promise<void> {
  const { use, piece, timing } = receiving
  const body = piece.openBody()[Symbol.asyncIterator]()
  for (;;) {
    const startedAt = timing.now()
    const step = await nextOf(body, hand, receiving)
    timing.end('read', startedAt)
    if (step.done === true) return
    const chunk = step.value
    requireFitting(use, hand.upload, chunk.length)
    await hand.upload.cover(hand.upload.endBytes + chunk.length)
    await hand.upload.write(chunk, timing)
    if (!hand.upload.isDue()) continue
    if (!piece.isChecked) await hand.upload.commit(timing, { release: false })
    else if (hand.upload.isLeaseDue()) await hand.upload.renew(timing)
  }
}

function requireFitting(
  { settings }: ResumableDependencies,
  { session, endBytes }: ResumedUpload,
  moreBytes: number,
): void {
  const bytesMax = session.lengthBytes ?? settings.uploadBytesMax
  if (endBytes + moreBytes <= bytesMax) return
  throw new AppError('too_large', `The upload has at most ${bytesMax} bytes`)
}

type Step = IteratorResult<Buffer, unknown>

async function nextOf(
  body: AsyncIterator<Buffer, unknown>,
  hand: InHand,
  { use, viewer, piece, timing }: Receiving,
): Promise<Step> {
  const next = body.next()
  const soon = await within(next, use.settings.uploadLeaseMs / 2)
  if (soon !== null) return soon
  if (piece.isChecked)
    throw new AppError('invalid', 'The body stood still for too long', { field: 'body' })
  // Should the lines before `await next` throw, nobody else would take its error.
  next.catch(() => undefined)
  const { session, endBytes } = hand.upload
  await hand.upload.commit(timing, { release: true })
  hand.isReleased = true
  await hand.upload.close()
  const step = await next
  const position = { id: session.id, offsetBytes: endBytes, lengthBytes: null }
  hand.upload = await ResumedUpload.acquire(use, viewer(), position)
  hand.isReleased = false
  return step
}

/** @returns null when it takes longer. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeoutMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
