import { connect, type Socket } from 'node:net'

export interface PlainReply {
  status: number
  /** The status line and the headers, as they came. */
  head: string
  body: Buffer
}

interface Sent {
  bytes: Buffer
  resolve(reply: PlainReply): void
  reject(error: Error): void
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * One connection that sends requests without waiting for answers, which come in their order: as much as one process can
 * ask of another. What a closing connection has left unanswered is sent again on the next one.
 */
export class PipelinedClient {
  private socket: Socket
  private received: Buffer = Buffer.alloc(0)
  private pending: Sent[] = []
  private isClosed = false
  /** Answers since the connection began: one that closes before any would be tried without end. */
  private answers = 0

  constructor(private readonly socketPath: string) {
    this.socket = this.open()
  }

  /** @throws {Error} when the engine refuses the connection, or ends one without an answer. */
  send(bytes: Buffer): Promise<PlainReply> {
    return new Promise((resolve, reject) => {
      this.pending.push({ bytes, resolve, reject })
      this.socket.write(bytes)
    })
  }

  close(): void {
    this.isClosed = true
    this.socket.destroy()
  }

  private open(): Socket {
    const socket = connect(this.socketPath)
    socket.on('data', (chunk) => this.onData(socket, chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => this.onClose())
    return socket
  }

  private onClose(): void {
    if (this.isClosed) return
    if (this.answers === 0) {
      const error = new Error('the connection ended without an answer')
      for (const { reject } of this.pending.splice(0)) reject(error)
      return
    }
    this.answers = 0
    this.received = Buffer.alloc(0)
    this.socket = this.open()
    for (const { bytes } of this.pending) this.socket.write(bytes)
  }

  private onData(socket: Socket, chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk])
    for (;;) {
      const reply = this.takeReply()
      if (reply === null) return
      this.answers++
      this.pending.shift()?.resolve(reply)
      if (/^connection: close/im.test(reply.head)) socket.destroy()
    }
  }

  private takeReply(): PlainReply | null {
    const end = this.received.indexOf(headEnd)
    if (end === -1) return null
    const head = this.received.toString('latin1', 0, end)
    const length = /^content-length: (\d+)/im.exec(head)?.[1]
    if (length === undefined) throw new Error(`an answer without a length: ${head}`)
    const start = end + headEnd.length
    const bodyEnd = start + Number(length)
    if (this.received.length < bodyEnd) return null
    const body = this.received.subarray(start, bodyEnd)
    this.received = this.received.subarray(bodyEnd)
    return { status: Number(head.slice(9, 12)), head, body }
  }
}
