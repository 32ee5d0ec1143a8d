import { connect, type Socket } from 'node:net'
import { AppError } from '../../domain/errors'
import { fromWireError } from '../../domain/wire-error'
import type { OperationName } from '../operations'
import { encodeFrame, FrameReader, type WireResponse } from './frames'

export interface CommandClientOptions {
  socketPath: string
  /** Operations of this process that may wait at once. */
  queueMax: number
  /** Longest wait of one operation, restarts of the writer included. */
  timeoutMs: number
}

interface Pending {
  frame: Buffer
  timer: NodeJS.Timeout
  resolve(value: unknown): void
  reject(error: AppError): void
}

const reconnectDelayMinMs = 5
const reconnectDelayMaxMs = 250

/**
 * This process's connection to the writer. While there is none, operations wait for the next; those that were sent and
 * not answered when it broke are rejected `unavailable`, since nobody knows whether they happened.
 */
export class CommandClient {
  private readonly waiting = new Map<number, Pending>()
  private readonly sent = new Map<number, Pending>()
  private socket: Socket | null = null
  private connected = false
  private lost = false
  private closed = false
  private nextId = 1
  private reconnectDelayMs = reconnectDelayMinMs
  private reconnectTimer: NodeJS.Timeout | undefined

  constructor(private readonly options: CommandClientOptions) {
    this.connect()
  }

  /** @throws {AppError} what the operation threw, or `unavailable`. */
  call(name: OperationName, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw new AppError('unavailable', 'the database is closed')
      if (this.waiting.size + this.sent.size >= this.options.queueMax)
        throw unavailable('too many operations wait for the database')
      const id = this.nextId++
      const frame = encodeFrame({ id, name, args })
      const timer = setTimeout(() => this.expire(id), this.options.timeoutMs)
      this.waiting.set(id, { frame, timer, resolve, reject })
      if (this.connected) this.sendWaiting()
    })
  }

  /** Waits for no writer that is known to be gone. @throws {AppError} `unavailable` with the reason. */
  async ping(): Promise<void> {
    if (this.lost) throw unavailable('the database writer is not there')
    await this.call('ping', [])
  }

  close(): void {
    this.closed = true
    clearTimeout(this.reconnectTimer)
    this.rejectAll(this.waiting, 'the database is closed')
    this.rejectAll(this.sent, 'the database is closed')
    this.socket?.destroy()
  }

  private connect(): void {
    const socket = connect(this.options.socketPath)
    const frames = new FrameReader()
    socket.on('connect', () => this.onConnect())
    socket.on('data', (chunk: Buffer) => {
      for (const message of frames.push(chunk)) this.onResponse(message as WireResponse)
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.onClose())
    this.socket = socket
  }

  private onConnect(): void {
    this.connected = true
    this.lost = false
    this.reconnectDelayMs = reconnectDelayMinMs
    this.sendWaiting()
  }

  private onClose(): void {
    this.connected = false
    this.lost = true
    this.rejectAll(this.sent, 'the database writer ended before it answered')
    if (this.closed) return
    this.reconnectTimer = setTimeout(() => this.connect(), this.reconnectDelayMs)
    this.reconnectDelayMs = Math.min(this.reconnectDelayMs * 2, reconnectDelayMaxMs)
  }

  private sendWaiting(): void {
    const socket = this.socket!
    // One system call for all operations of this turn.
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    for (const [id, pending] of this.waiting) {
      this.sent.set(id, pending)
      socket.write(pending.frame)
    }
    this.waiting.clear()
  }

  private onResponse({ id, value, error }: WireResponse): void {
    const pending = this.sent.get(id)
    // An operation that expired may still be answered.
    if (pending === undefined) return
    this.sent.delete(id)
    clearTimeout(pending.timer)
    if (error === undefined) pending.resolve(value)
    else pending.reject(fromWireError(error))
  }

  private expire(id: number): void {
    const pending = this.waiting.get(id) ?? this.sent.get(id)
    this.waiting.delete(id)
    this.sent.delete(id)
    pending?.reject(unavailable('the database writer did not answer in time'))
  }

  private rejectAll(pending: Map<number, Pending>, why: string): void {
    for (const { timer, reject } of pending.values()) {
      clearTimeout(timer)
      reject(unavailable(why))
    }
    pending.clear()
  }
}

function unavailable(why: string): AppError {
  return new AppError('unavailable', why, { retryAfterS: 1 })
}
