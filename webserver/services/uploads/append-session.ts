import type { Caller } from '../../domain/account'
import type { FileKey, StoredFile } from '../../domain/file'

export interface AppendSessionSettings {
  /** Bytes that are flushed without waiting longer. */
  appendFlushBytes: number
  /** How long the first byte waits, at most, before the flush begins. */
  appendFlushMs: number
}

/** Pieces in order that are made durable together. */
export interface AppendBatch {
  key: FileKey
  who: Caller
  bytes: Buffer
  /** Where a sender said that they begin, in which content; null when none did, and they go wherever the end is. */
  after: { offsetBytes: number; etag: string } | null
}

export interface AppendSessionParts {
  key: FileKey
  settings: AppendSessionSettings
  /** One ordinary durable append. @returns the file with it. */
  store(batch: AppendBatch): Promise<StoredFile>
  /** Of bytes that are not held any more, whether they are durable or lost. */
  onReleased(bytes: number): void
  onFlushed(pieces: number, bytes: number): void
  onDropped(pieces: number, bytes: number, error: unknown): void
}

interface Held {
  who: Caller
  pieces: Buffer[]
  sizeBytes: number
  offsetBytes: number
  isPlaced: boolean
}

/**
 * What is held in memory of one file that grows by small pieces. Flushes are one after the other, each of all that came
 * before it; when one fails, what came meanwhile is lost with it, since it was said to stand behind it.
 */
export class AppendSession {
  /** Requests that have it in hand. While there are any it is kept, though it may hold nothing. */
  users = 0
  /** Durable changes of the file that are under way here: nothing is held beside them. */
  durableInHand = 0
  /** Tells whether what was read of the file may be older than the last flush. */
  flushCount = 0
  private held: Held | null = null
  private flushingBytes = 0
  private flushing: Promise<void> | null = null
  private timer: NodeJS.Timeout | undefined
  /** As last committed, as far as this session knows. */
  private file: { sizeBytes: number; etag: string } | null = null

  constructor(private readonly parts: AppendSessionParts) {}

  get heldBytes(): number {
    return this.flushingBytes + (this.held?.sizeBytes ?? 0)
  }

  get isEmpty(): boolean {
    return this.held === null && this.flushing === null
  }

  /** Where the next piece begins. Only once `learn` was called. */
  get endBytes(): number {
    return (this.file?.sizeBytes ?? 0) + this.heldBytes
  }

  /** Takes in what was read of the file. @returns false when somebody else has changed it under what is held. */
  learn({ sizeBytes, etag }: StoredFile, flushCount: number): boolean {
    // While a flush is under way, the file may be as it was before or after it.
    if (this.flushing !== null || flushCount !== this.flushCount) return true
    if (this.held !== null) return this.file?.etag === etag
    this.file = { sizeBytes, etag }
    return true
  }

  takesFrom({ accountId }: Caller): boolean {
    if (this.durableInHand > 0 || this.file === null) return false
    return this.held === null || this.held.who.accountId === accountId
  }

  /** Holds a piece. @returns where the next one begins. */
  push(who: Caller, piece: Buffer, isPlaced: boolean): number {
    const { endBytes: offsetBytes } = this
    this.held ??= { who, pieces: [], sizeBytes: 0, offsetBytes, isPlaced: false }
    this.held.pieces.push(piece)
    this.held.sizeBytes += piece.length
    this.held.isPlaced ||= isPlaced
    this.schedule()
    return this.endBytes
  }

  /** Resolves when nothing is held any more: it is durable, or its loss was told. */
  async flush(): Promise<void> {
    while (!this.isEmpty) await (this.flushing ?? this.begin())
  }

  private schedule(): void {
    const { appendFlushBytes, appendFlushMs } = this.parts.settings
    if (this.held === null || this.flushing !== null) return
    if (this.held.sizeBytes >= appendFlushBytes) void this.begin()
    else this.timer ??= setTimeout(() => void this.begin(), appendFlushMs)
  }

  private begin(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const { held } = this
    if (held === null) return Promise.resolve()
    this.held = null
    this.flushingBytes = held.sizeBytes
    this.flushing = this.write(held).finally(() => {
      this.flushing = null
      this.flushingBytes = 0
      this.flushCount++
      this.parts.onReleased(held.sizeBytes)
      this.schedule()
    })
    return this.flushing
  }

  private async write({ who, pieces, sizeBytes, offsetBytes, isPlaced }: Held): Promise<void> {
    const { key } = this.parts
    const after = isPlaced ? { offsetBytes, etag: this.file?.etag ?? '' } : null
    try {
      const file = await this.parts.store({ key, who, bytes: Buffer.concat(pieces), after })
      this.file = { sizeBytes: file.sizeBytes, etag: file.etag }
      this.parts.onFlushed(pieces.length, sizeBytes)
    } catch (error) {
      this.parts.onDropped(pieces.length, sizeBytes, error)
      this.dropHeld(error)
      this.file = null
    }
  }

  private dropHeld(error: unknown): void {
    if (this.held === null) return
    const { pieces, sizeBytes } = this.held
    this.held = null
    this.parts.onReleased(sizeBytes)
    this.parts.onDropped(pieces.length, sizeBytes, error)
  }
}
