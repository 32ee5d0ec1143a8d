import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { AppError } from '../../domain/errors'
import { type ContentCoding, corruptBody, createDecoder } from './content-coding'
import { limits } from './limits'

const alignmentBytes = 8
const reusedBytesMin = 64 * 1024
const reusedBytesMax = 4 * 1024 * 1024
const freeMax = 8

/** Memory of large bodies, used again while it is warm: fresh memory costs a page fault for every 4 KiB of it. */
class BodyMemory {
  private free: Buffer[] = []

  /** Not cleared. Begins at a multiple of eight, as the pool's pieces and fresh memory do. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes < reusedBytesMin || sizeBytes > reusedBytesMax)
      return Buffer.allocUnsafe(sizeBytes)
    const at = this.free.findIndex(({ length }) => length >= sizeBytes && length <= 2 * sizeBytes)
    return at === -1 ? Buffer.allocUnsafeSlow(sizeBytes) : this.free.splice(at, 1)[0]!
  }

  give(memory: Buffer): void {
    if (memory.length < reusedBytesMin || memory.length > reusedBytesMax) return
    this.free.unshift(memory)
    this.free.length = Math.min(this.free.length, freeMax)
  }
}

/** Who holds bodies. */
export interface BodyHolder {
  heldBytes: number
}

// Of what is free, how many times as much one holder may have: one alone gets three quarters of everything.
const freeShare = 3

/**
 * Bytes of bodies that the engine holds, of all requests together. What one holder may have shrinks with what is free
 * (dynamic thresholds: Choudhury and Hahne 1998, for the shared memory of switches), so that some is always left for
 * who holds nothing, and holders who want more than there is come to equal shares.
 */
export class BodyBudget {
  heldBytes = 0
  readonly memory = new BodyMemory()

  constructor(
    readonly bodyBytesMax: number,
    private readonly totalBytesMax: number,
  ) {}

  /** @throws {AppError} `unavailable` when the engine holds too much already. */
  take(sizeBytes: number, holder: BodyHolder): void {
    const freeBytes = this.totalBytesMax - this.heldBytes
    const isExcess = holder.heldBytes > 0 && holder.heldBytes + sizeBytes > freeShare * freeBytes
    if (sizeBytes > freeBytes || isExcess)
      throw new AppError('unavailable', 'the inference engine holds too many request bodies', {
        retryAfterS: 1,
      })
    this.heldBytes += sizeBytes
    holder.heldBytes += sizeBytes
  }

  release(sizeBytes: number, holder: BodyHolder): void {
    this.heldBytes -= sizeBytes
    holder.heldBytes -= sizeBytes
  }
}

export interface BodyParts {
  budget: BodyBudget
  /** Whose body it is. */
  holder: BodyHolder
  /** What the body comes in; its limits are those of the decoded body. */
  coding: ContentCoding | null
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
  private memory: Buffer | null = null
  private readonly chunks: Buffer[] = []
  private receivedBytes = 0

  private readonly decoder: Transform | null
  private readonly budget: BodyBudget

  /** @throws {AppError} `too_large`, `unavailable`, before anything is read. */
  constructor(
    private readonly req: IncomingMessage,
    private readonly parts: BodyParts,
  ) {
    const { budget, coding } = parts
    this.budget = budget
    const length = req.headers['content-length']
    const sizeBytes = Number(length ?? 0)
    if (sizeBytes > budget.bodyBytesMax) throw tooLarge(budget.bodyBytesMax)
    this.decoder = coding === null ? null : createDecoder(coding)
    if (length === undefined || coding !== null) this.target = null
    else {
      this.take(sizeBytes)
      this.target = this.alignedBuffer(sizeBytes)
    }
  }

  /** Gives the memory back; nothing may read the body or a view of it any more. */
  recycle(): void {
    if (this.memory !== null) this.budget.memory.give(this.memory)
    this.memory = null
  }

  /** Nobody waits for the body any more; nothing is taken from the budget after this. */
  abandon(): void {
    this.decoder?.destroy()
  }

  /** Counts what the request brings beside its body. @throws {AppError} as the constructor. */
  takeMore(sizeBytes: number): void {
    if (sizeBytes > this.budget.bodyBytesMax) throw tooLarge(this.budget.bodyBytesMax)
    this.take(sizeBytes)
  }

  /** Calls the listener once, unless the client leaves first. */
  read(listener: BodyListener): void {
    const source = this.decoder ?? this.req
    const fail = (error: unknown) => {
      source.off('data', onData).off('end', onEnd)
      this.decoder?.destroy()
      this.req.resume()
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
    source.on('data', onData).on('end', onEnd)
    if (this.decoder === null) return
    this.decoder.on('error', (cause) => {
      fail(corruptBody(this.parts.coding!, cause))
    })
    this.req.pipe(this.decoder)
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
    this.budget.take(sizeBytes, this.parts.holder)
    this.takenBytes += sizeBytes
  }

  private whole(): Buffer {
    if (this.target !== null) return this.target
    const whole = this.alignedBuffer(this.receivedBytes)
    let at = 0
    for (const chunk of this.chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    this.chunks.length = 0
    return whole
  }

  private alignedBuffer(sizeBytes: number): Buffer {
    const pad = (alignmentBytes - (headerLength(this.req) % alignmentBytes)) % alignmentBytes
    this.memory = this.budget.memory.take(pad + sizeBytes)
    return this.memory.subarray(pad, pad + sizeBytes)
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
