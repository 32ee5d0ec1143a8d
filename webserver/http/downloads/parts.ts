import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { OpenContent } from '../../services/open-content'
import { lengthOf, type ByteRange } from './range'

/** Several parts of a content in one body: multipart/byteranges (RFC 9110 §14.6). */
export class Parts {
  private readonly boundary = randomBytes(12).toString('hex')
  private readonly heads: readonly string[]
  private readonly end: string

  /** @param contentType of the content, which each part repeats. */
  constructor(
    private readonly open: OpenContent,
    private readonly ranges: readonly ByteRange[],
    contentType: string,
  ) {
    this.heads = ranges.map(
      (range) =>
        `\r\n--${this.boundary}\r\nContent-Type: ${contentType}\r\n` +
        `Content-Range: ${contentRangeOf(range, open.file.sizeBytes)}\r\n\r\n`,
    )
    this.end = `\r\n--${this.boundary}--\r\n`
  }

  headers(): Record<string, string> {
    const framingBytes = [...this.heads, this.end].reduce((sum, text) => sum + text.length, 0)
    return {
      'Content-Type': `multipart/byteranges; boundary=${this.boundary}`,
      'Content-Length': String(framingBytes + lengthOf(this.ranges)),
    }
  }

  read(): Readable {
    return Readable.from(this.pieces(), { objectMode: false })
  }

  private async *pieces(): AsyncGenerator<Buffer> {
    for (const [index, { startByte, endByte }] of this.ranges.entries()) {
      yield Buffer.from(this.heads[index]!, 'latin1')
      yield* await this.open.read(startByte, endByte)
    }
    yield Buffer.from(this.end, 'latin1')
  }
}

export function contentRangeOf({ startByte, endByte }: ByteRange, sizeBytes: number): string {
  return `bytes ${startByte}-${endByte}/${sizeBytes}`
}
