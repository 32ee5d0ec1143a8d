import type { IncomingMessage } from 'node:http'
import { AppError } from '../../domain/errors'
import { limits } from './limits'

/** Bytes of bodies that the engine holds, of all requests together. */
export class BodyBudget {
  heldBytes = 0

  constructor(
    readonly bodyBytesMax: number,
    private readonly totalBytesMax: number,
  ) {}

  /** @throws {AppError} `unavailable` when the engine holds too much already. */
  take(sizeBytes: number): void {
    if (this.heldBytes + sizeBytes > this.totalBytesMax)
      throw new AppError('unavailable', 'the inference engine holds too many request bodies', {
        retryAfterS: 1,
      })
    this.heldBytes += sizeBytes
  }

  release(sizeBytes: number): void {
    this.heldBytes -= sizeBytes
  }
}

export interface BodyListener {
  onBody(body: Buffer): void
  onBodyError(error: AppError): void
}

/**
 * The body of one request. When its length is known it is read into one piece of memory, placed so that what follows
 * the JSON header is aligned for every element type and tensors can be views of it.
 */
export class RequestBody {
  /** Taken from the budget; the owner releases it when the request is done. */
  takenBytes = 0
  private readonly target: Buffer | null
  private readonly chunks: Buffer[] = []
  private receivedBytes = 0

  /** @throws {AppError} `too_large`, `unavailable`, before anything is read. */
  constructor(
    private readonly req: IncomingMessage,
    private readonly budget: BodyBudget,
  ) {
    const length = req.headers['content-length']
    if (length === undefined) this.target = null
    else {
      const sizeBytes = Number(length)
      if (sizeBytes > budget.bodyBytesMax) throw tooLarge(budget.bodyBytesMax)
      this.take(sizeBytes)
      this.target = alignedBuffer(sizeBytes, headerLength(req))
    }
  }

  /** Calls the listener once, unless the client leaves first. */
  read(listener: BodyListener): void {
    const fail = (error: unknown) => {
      this.req.off('data', onData).off('end', onEnd).resume()
      listener.onBodyError(error as AppError)
    }
    const onData = (chunk: Buffer) => {
      try {
        this.add(chunk)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = () => listener.onBody(this.whole())
    this.req.on('data', onData).on('end', onEnd)
  }

  private add(chunk: Buffer): void {
    if (this.target === null) {
      if (this.receivedBytes + chunk.length > this.budget.bodyBytesMax)
        throw tooLarge(this.budget.bodyBytesMax)
      if (this.chunks.length >= limits.bodyChunks)
        throw new AppError('invalid', `the body has more than ${limits.bodyChunks} chunks`)
      this.take(chunk.length)
      this.chunks.push(chunk)
    } else this.target.set(chunk, this.receivedBytes)
    this.receivedBytes += chunk.length
  }

  private take(sizeBytes: number): void {
    this.budget.take(sizeBytes)
    this.takenBytes += sizeBytes
  }

  private whole(): Buffer {
    if (this.target !== null) return this.target
    const whole = alignedBuffer(this.receivedBytes, headerLength(this.req))
    let at = 0
    for (const chunk of this.chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }
}

function tooLarge(bytesMax: number): AppError {
  return new AppError(
    'too_large',
    `request body size exceeds the maximum allowed input size of ${bytesMax} bytes`,
  )
}

function headerLength(req: IncomingMessage): number {
  const value = Number(req.headers['inference-header-content-length'])
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}

const alignmentBytes = 8

function alignedBuffer(sizeBytes: number, headerBytes: number): Buffer {
  const pad = (alignmentBytes - (headerBytes % alignmentBytes)) % alignmentBytes
  // Both the pool's pieces and fresh memory begin at multiples of eight.
  return Buffer.allocUnsafe(pad + sizeBytes).subarray(pad)
}
