import { AppError } from '../../domain/errors'

const emptyLine = '\r\n\r\n'

/** Takes a body apart: some lines, so many bytes, some lines. */
export class ByteReader {
  private readonly source: AsyncIterator<Buffer>
  /** Read, and not taken yet. */
  private held: Buffer = Buffer.alloc(0)

  constructor(body: AsyncIterable<Buffer>) {
    this.source = body[Symbol.asyncIterator]()
  }

  /**
   * The fields up to an empty line, which is taken as well. Names in lower case; of several the first.
   * @throws {AppError} `invalid` when there are more than `bytesMax` bytes of them.
   */
  async fields(bytesMax: number): Promise<Map<string, string>> {
    const lines = (await this.untilEmptyLine(bytesMax)).split('\r\n')
    const fields = new Map<string, string>()
    for (const line of lines.filter((one) => one !== '')) {
      const colon = line.indexOf(':')
      const name = line.slice(0, Math.max(0, colon)).toLowerCase()
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
        throw new AppError('invalid', 'A part must begin with fields and an empty line', bodyField)
      if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
    }
    return fields
  }

  /** The next so many bytes; throws when there are fewer. */
  async *exactly(lengthBytes: number): AsyncGenerator<Buffer> {
    for (let left = lengthBytes; left > 0;) {
      if (this.held.length === 0 && !(await this.more())) throw endedEarly()
      const chunk = this.take(left)
      left -= chunk.length
      if (chunk.length > 0) yield chunk
    }
  }

  /** The bytes up to `delimiter`, which is taken as well; throws when it never comes. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.held.indexOf(delimiter)
      // What is held at the end may be the beginning of a delimiter.
      const chunk = this.take(at === -1 ? Math.max(0, this.held.length - delimiter.length + 1) : at)
      if (chunk.length > 0) yield chunk
      if (at !== -1) return void this.take(delimiter.length)
      if (!(await this.more())) throw endedEarly()
    }
  }

  /** So many bytes as text. */
  async text(lengthBytes: number): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of this.exactly(lengthBytes)) chunks.push(chunk)
    return Buffer.concat(chunks).toString('latin1')
  }

  async isAtEnd(): Promise<boolean> {
    while (this.held.length === 0) if (!(await this.more())) return true
    return false
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.source.return?.()
  }

  private async untilEmptyLine(bytesMax: number): Promise<string> {
    for (;;) {
      const at = this.held.indexOf(emptyLine)
      if (at > bytesMax || (at === -1 && this.held.length > bytesMax + emptyLine.length))
        throw new AppError('invalid', `A part has more than ${bytesMax} bytes of fields`, bodyField)
      if (at !== -1) return this.take(at + emptyLine.length).toString('latin1', 0, at)
      if (!(await this.more())) throw endedEarly()
    }
  }

  private take(bytesMax: number): Buffer {
    const taken = this.held.subarray(0, bytesMax)
    this.held = this.held.subarray(taken.length)
    return taken
  }

  private async more(): Promise<boolean> {
    const next = await this.source.next()
    if (next.done === true) return false
    this.held = this.held.length === 0 ? next.value : Buffer.concat([this.held, next.value])
    return true
  }
}

const bodyField = { field: 'body' }

function endedEarly(): AppError {
  return new AppError('invalid', 'The body ends before what it announces', bodyField)
}
