import { connect, type Socket } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const headBytesMax = 64 * 1024

/**
 * One kept HTTP/1.1 connection that sends ready-made requests, one at a time. It reads no more of an answer than its
 * status and its length, since a load generator on the machine it loads must be cheap.
 */
export class Connection {
  private readonly socket: Socket
  private finish: ((status: number) => void) | null = null
  private head: Buffer | null = null
  private status = 0
  /** Of the body that is being read; −1 before its length is known. */
  private leftBytes = -1
  private closes = false

  constructor(host: string, port: number) {
    this.socket = connect({ host, port, noDelay: true })
    this.socket.on('data', (chunk) => this.read(chunk))
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => this.end(0))
  }

  get usable(): boolean {
    return !this.closes && !this.socket.destroyed
  }

  /** @param finish is called once, with the HTTP status; with 0 when the connection failed or said what is no answer. */
  send(request: Uint8Array, finish: (status: number) => void): void {
    this.finish = finish
    this.socket.write(request)
  }

  destroy(): void {
    this.finish = null
    this.socket.destroy()
  }

  private read(chunk: Buffer): void {
    if (this.leftBytes < 0) this.readHead(chunk)
    else this.leftBytes -= chunk.length
    if (this.leftBytes === 0) this.end(this.status)
    else if (this.leftBytes < 0 && this.head === null) this.fail()
  }

  private readHead(chunk: Buffer): void {
    const bytes = this.head === null ? chunk : Buffer.concat([this.head, chunk])
    const end = bytes.indexOf(headEnd)
    if (end < 0 && bytes.length < headBytesMax) {
      this.head = bytes
      return
    }
    this.head = null
    const head = bytes.toString('latin1', 0, Math.max(0, end)).toLowerCase()
    const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1]
    if (length === undefined) {
      this.fail()
      return
    }
    this.status = Number(head.slice(9, 12))
    this.closes = head.includes('\r\nconnection: close')
    this.leftBytes = Number(length) - (bytes.length - end - headEnd.length)
  }

  private fail(): void {
    this.socket.destroy()
    this.end(0)
  }

  private end(status: number): void {
    const finish = this.finish
    this.finish = null
    this.leftBytes = -1
    if (this.closes) this.socket.destroy()
    finish?.(status)
  }
}
