import { closeSync, fstatSync, readSync } from 'node:fs'
import { openRegularFileSync } from '../regular-file'

const windowBytes = 64 * 1024

/** The file ends, or a field says that it goes on, beyond where it may. */
export class TruncatedError extends Error {}
/** The bytes are not protobuf. */
export class MalformedError extends Error {}

/** Reads a file forward through a small window; skipping costs nothing. Synchronous: it runs before anything serves. */
export class ByteReader {
  readonly sizeBytes: number
  position = 0
  private readonly fd: number
  private readonly window = Buffer.allocUnsafe(windowBytes)
  private windowStart = 0
  private windowEnd = 0

  /** @throws {NotAFileError}, or what `open` throws. */
  constructor(path: string) {
    this.fd = openRegularFileSync(path)
    this.sizeBytes = fstatSync(this.fd).size
  }

  close(): void {
    closeSync(this.fd)
  }

  byte(): number {
    if (this.position < this.windowStart || this.position >= this.windowEnd) this.fill()
    return this.window[this.position++ - this.windowStart]!
  }

  /** A varint of at most 64 bits; beyond 2^53 only its magnitude is right. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw new MalformedError('a varint is longer than ten bytes')
  }

  private fill(): void {
    const readBytes = readSync(this.fd, this.window, 0, windowBytes, this.position)
    if (readBytes === 0) throw new TruncatedError('the file ends too early')
    this.windowStart = this.position
    this.windowEnd = this.position + readBytes
  }
}
