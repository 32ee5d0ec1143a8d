import type { WireError } from '../../domain/wire-error'

/**
 * What crosses the writer's socket: frames of a 32-bit big-endian length and that many bytes of JSON. Requests carry an
 * id that the response repeats; responses come in any order.
 */
export interface WireRequest {
  id: number
  name: string
  args: readonly unknown[]
}

export interface WireResponse {
  id: number
  value?: unknown
  error?: WireError
}

const lengthBytes = 4
// Above the largest page of files that a listing may have (10 000 rows of some 2 KB).
const frameBytesMax = 64 * 1024 ** 2

export function encodeFrame(message: WireRequest | WireResponse): Buffer {
  const json = JSON.stringify(message)
  const sizeBytes = Buffer.byteLength(json)
  if (sizeBytes > frameBytesMax) throw new RangeError(`A frame of ${sizeBytes} bytes is too large`)
  const frame = Buffer.allocUnsafe(lengthBytes + sizeBytes)
  frame.writeUInt32BE(sizeBytes)
  frame.write(json, lengthBytes)
  return frame
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  private chunks: Buffer[] = []
  private heldBytes = 0
  private wantedBytes = lengthBytes

  /** @returns the messages that the chunk completed. Throws on a frame that no peer of ours would send. */
  push(chunk: Buffer): unknown[] {
    this.chunks.push(chunk)
    this.heldBytes += chunk.length
    if (this.heldBytes < this.wantedBytes) return []
    const messages: unknown[] = []
    let rest = Buffer.concat(this.chunks)
    while (rest.length >= this.wantedAt(rest)) {
      messages.push(JSON.parse(rest.toString('utf8', lengthBytes, this.wantedBytes)))
      rest = rest.subarray(this.wantedBytes)
    }
    this.chunks = [rest]
    this.heldBytes = rest.length
    return messages
  }

  private wantedAt(buffer: Buffer): number {
    const sizeBytes = buffer.length < lengthBytes ? 0 : buffer.readUInt32BE()
    if (sizeBytes > frameBytesMax) throw new RangeError(`A frame claims ${sizeBytes} bytes`)
    this.wantedBytes = lengthBytes + sizeBytes
    return this.wantedBytes
  }
}
