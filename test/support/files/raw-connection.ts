import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  status: number
  /** Lower-case names. */
  headers: Record<string, string>
  body: Buffer
}

/** An HTTP/1.1 connection by hand, for what clients refuse to send. */
export class RawConnection {
  private received = Buffer.alloc(0)
  private ended = false

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])))
    socket.on('close', () => (this.ended = true))
    socket.on('error', () => undefined)
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1')
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  send(...lines: string[]): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  /** The next answer on the connection, interim ones included. Its body ends with Content-Length or the connection. */
  async answer(): Promise<RawAnswer> {
    const head = await this.take('\r\n\r\n')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.split(':')[0]!.toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    )
    const status = Number(statusLine.split(' ')[1])
    return { status, headers, body: await this.takeBytes(Number(headers['content-length'] ?? 0)) }
  }

  async whenClosed(): Promise<void> {
    while (!this.ended) await once(this.socket, 'close')
  }

  private async take(end: string): Promise<string> {
    while (!this.received.includes(end)) await this.more()
    const length = this.received.indexOf(end)
    const text = this.received.subarray(0, length).toString('latin1')
    this.received = this.received.subarray(length + end.length)
    return text
  }

  private async takeBytes(length: number): Promise<Buffer> {
    while (this.received.length < length) await this.more()
    const bytes = this.received.subarray(0, length)
    this.received = this.received.subarray(length)
    return bytes
  }

  private async more(): Promise<void> {
    if (this.ended) throw new Error('The connection ended before the answer did')
    await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')])
  }
}
