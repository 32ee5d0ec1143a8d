import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { codeOf } from './system-errors'

const batchBytes = 64 * 1024
const tailBytes = 1024

export interface LogWriterOptions {
  path: string
  /** First line; a pid that comes twice in a run appends, with a head of its own. */
  head: string
  bytesMax: number
  /** How long writing rests after a failure. */
  retryDelayMs?: number
  /** Told once when writing fails. */
  warn(message: string): void
}

/**
 * Appends lines of ASCII to one file: joined in a string, written at the end of the event loop's turn or at 64 KiB. What was
 * added in an earlier turn survives kill -9. A failure to write never reaches the caller: lines are counted as dropped.
 */
export class LogWriter {
  /** Lines of calls that were accepted. */
  records = 0
  /** Lines that are not in the file: beyond its size, or lost to a disk that refused them. */
  dropped = 0
  bytes = 0
  /** Longest write since it was last read and reset, in ms. */
  slowestWriteMs = 0

  private batch = ''
  private headPending = true
  private scheduled = false
  private fd: number | undefined
  private resumeAt = 0
  private torn = false
  private warned = false
  private closed = false
  private readonly flushAtTurnEnd = (): void => this.flush()

  constructor(private readonly options: LogWriterOptions) {
    this.write('')
  }

  addCall(line: string): void {
    // The last sixteenth is kept for gauges, which tell how much was dropped.
    if (this.add(line, this.options.bytesMax - this.options.bytesMax / 16)) this.records++
  }

  addGauge(line: string): void {
    this.add(line, this.options.bytesMax - tailBytes)
  }

  flush(): void {
    this.scheduled = false
    if (this.batch === '') return
    const text = this.torn ? '\n' + this.batch : this.batch
    this.batch = ''
    const startedAt = performance.now()
    this.write(text)
    this.slowestWriteMs = Math.max(this.slowestWriteMs, performance.now() - startedAt)
  }

  close(tail: () => string): void {
    if (this.closed) return
    this.flush()
    this.batch = tail()
    this.flush()
    this.closed = true
    if (this.fd !== undefined) closeSync(this.fd)
  }

  private add(line: string, bytesMax: number): boolean {
    if (this.closed) return false
    if (this.bytes + this.batch.length + line.length > bytesMax || this.isResting()) {
      this.dropped++
      return false
    }
    this.batch += line
    if (this.batch.length >= batchBytes) this.flush()
    else if (!this.scheduled) {
      this.scheduled = true
      setImmediate(this.flushAtTurnEnd)
    }
    return true
  }

  private isResting(): boolean {
    if (this.resumeAt === 0) return false
    if (performance.now() < this.resumeAt) return true
    this.resumeAt = 0
    return false
  }

  private write(lines: string): void {
    const text = this.headPending ? this.options.head + lines : lines
    let written = 0
    try {
      this.fd ??= this.open()
      while (written < text.length) {
        written += writeSync(this.fd, written === 0 ? text : text.slice(written), null, 'latin1')
      }
    } catch (error) {
      this.fail(text.slice(written), error)
    }
    this.bytes += written
    this.headPending &&= written < this.options.head.length
    if (written > 0) this.torn = text[written - 1] !== '\n'
  }

  private open(): number {
    const fd = openSync(this.options.path, 'a', 0o640)
    this.bytes = fstatSync(fd).size
    return fd
  }

  private fail(lost: string, error: unknown): void {
    this.dropped += lost.split('\n').length - 1
    this.resumeAt = performance.now() + (this.options.retryDelayMs ?? 10_000)
    if (this.warned) return
    this.warned = true
    const why = codeOf(error)
    this.options.warn(`The perf log cannot be written (${why}); its lines are counted as dropped.`)
  }
}
