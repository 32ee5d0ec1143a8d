import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import type { RunClock } from './clock'
import { LineText } from './line'
import { codeOf } from './system-errors'

const batchBytes = 64 * 1024
// Above any line: a request's with five texts of 200 characters, each escaped to six.
const lineBytesMax = 16 * 1024
const tailBytes = 1024
const newline = 0x0a

export interface LogWriterOptions {
  path: string
  /** First line; a pid that comes twice in a run appends, with a head of its own. */
  head: string
  clock: RunClock
  bytesMax: number
  /** How long a line may wait for others, in ms; 0 is to the end of the event loop's turn. */
  delayMs: number
  /** How long writing rests after a failure. */
  retryDelayMs?: number
  /** Told once when writing fails. */
  warn(message: string): void
}

/**
 * Appends lines to one file, many by one write. After a pause a line is written at the end of the event loop's turn; while
 * lines keep coming, `delayMs` after the first that waits, or at 64 KiB. What was written survives kill -9. A failure to
 * write never reaches the caller: lines are counted as dropped.
 */
export class LogWriter {
  /** Whole lines that wait, and behind them the one that is being put together. */
  readonly text = new LineText(batchBytes + lineBytesMax)
  /** Lines of calls that were accepted. */
  records = 0
  /** Lines that are not in the file: beyond its size, or lost to a disk that refused them. */
  dropped = 0
  bytes = 0
  /** Longest write since it was last read and reset. */
  slowestWriteUs = 0

  private acceptedBytes = 0
  private headPending = true
  private scheduled = false
  private fd: number | undefined
  /** By the run's clock, in µs. */
  private writtenAt = 0
  private resumeAt = 0
  private torn = false
  private warned = false
  private closed = false
  private readonly whenDue = (): void => this.flush()

  constructor(private readonly options: LogWriterOptions) {
    this.write(Buffer.alloc(0))
  }

  /** Ends the line in `text`: it is kept, or counted as dropped. */
  addCall(now: number): void {
    // The last sixteenth is kept for gauges, which tell how much was dropped.
    if (this.accept(now, this.options.bytesMax - this.options.bytesMax / 16)) this.records++
  }

  addGauge(now: number): void {
    this.accept(now, this.options.bytesMax - tailBytes)
  }

  flush(): void {
    this.scheduled = false
    if (this.acceptedBytes === 0) return
    const startedAt = this.options.clock.now()
    this.write(this.text.memory.subarray(0, this.acceptedBytes))
    this.text.length = 0
    this.acceptedBytes = 0
    this.writtenAt = this.options.clock.now()
    this.slowestWriteUs = Math.max(this.slowestWriteUs, this.writtenAt - startedAt)
  }

  close(tail: () => string): void {
    if (this.closed) return
    this.flush()
    this.write(Buffer.from(tail(), 'latin1'))
    this.closed = true
    if (this.fd !== undefined) closeSync(this.fd)
  }

  private accept(now: number, bytesMax: number): boolean {
    const { text } = this
    if (this.closed || !this.hasRoom(bytesMax) || this.isResting(now)) {
      if (!this.closed) this.dropped++
      text.length = this.acceptedBytes
      return false
    }
    this.acceptedBytes = text.length
    if (text.length >= batchBytes) this.flush()
    else if (!this.scheduled) this.schedule(now)
    return true
  }

  private hasRoom(bytesMax: number): boolean {
    return this.text.length <= this.text.memory.length && this.bytes + this.text.length <= bytesMax
  }

  private schedule(now: number): void {
    const { delayMs } = this.options
    this.scheduled = true
    if (now - this.writtenAt >= delayMs * 1000) setImmediate(this.whenDue)
    else setTimeout(this.whenDue, delayMs)
  }

  private isResting(now: number): boolean {
    if (now < this.resumeAt) return true
    this.resumeAt = 0
    return false
  }

  private write(lines: Buffer): void {
    const before = (this.torn ? '\n' : '') + (this.headPending ? this.options.head : '')
    const bytes = before === '' ? lines : Buffer.concat([Buffer.from(before, 'latin1'), lines])
    let written = 0
    try {
      this.fd ??= this.open()
      while (written < bytes.length) written += writeSync(this.fd, bytes, written)
    } catch (error) {
      this.fail(bytes.subarray(written), error)
    }
    this.bytes += written
    this.headPending &&= written < before.length
    if (written > 0) this.torn = bytes[written - 1] !== newline
  }

  private open(): number {
    const fd = openSync(this.options.path, 'a', 0o640)
    this.bytes = fstatSync(fd).size
    return fd
  }

  private fail(lost: Buffer, error: unknown): void {
    this.dropped += lost.reduce((lines, byte) => lines + (byte === newline ? 1 : 0), 0)
    this.resumeAt = this.options.clock.now() + (this.options.retryDelayMs ?? 10_000) * 1000
    if (this.warned) return
    this.warned = true
    const why = codeOf(error)
    this.options.warn(`The perf log cannot be written (${why}); its lines are counted as dropped.`)
  }
}
