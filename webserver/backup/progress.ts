export interface Work {
  what: string
  /** Known in advance, so that the end can be foretold. */
  totalBytes: number
  totalCount: number
}

const terminalIntervalMs = 250
const logIntervalMs = 10_000

/** Says how far the work is: on a terminal in one line that changes, elsewhere in a line now and then. */
export class Progress {
  private work: Work | null = null
  private doneBytes = 0
  private doneCount = 0
  private startedAtMs = 0
  private saidAtMs = 0

  constructor(
    private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  say(line: string): void {
    this.clear()
    this.stream.write(`${line}\n`)
  }

  begin(work: Work): void {
    this.work = work
    this.doneBytes = 0
    this.doneCount = 0
    this.startedAtMs = this.saidAtMs = this.now()
  }

  add({ sizeBytes, count }: { sizeBytes: number; count: number }): void {
    this.doneBytes += sizeBytes
    this.doneCount += count
    const intervalMs = this.stream.isTTY ? terminalIntervalMs : logIntervalMs
    if (this.now() - this.saidAtMs >= intervalMs) this.show()
  }

  end(): void {
    if (this.work !== null) this.say(this.line(this.work))
    this.work = null
  }

  private show(): void {
    if (this.work === null) return
    this.saidAtMs = this.now()
    const line = this.line(this.work)
    if (this.stream.isTTY) this.stream.write(`\r${line}\u001b[K`)
    else this.stream.write(`${line}\n`)
  }

  private line({ what, totalBytes, totalCount }: Work): string {
    const seconds = Math.max(0.001, (this.now() - this.startedAtMs) / 1000)
    const parts = [
      `${what}: ${this.doneCount} of ${totalCount}`,
      `${bytesText(this.doneBytes)} of ${bytesText(totalBytes)}`,
      `${bytesText(this.doneBytes / seconds)}/s`,
    ]
    const leftS = ((totalBytes - this.doneBytes) / Math.max(1, this.doneBytes)) * seconds
    if (this.doneBytes > 0 && leftS >= 1) parts.push(`${durationText(leftS)} left`)
    return parts.join(', ')
  }

  private clear(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001b[K')
  }
}

const units = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB']

/** In powers of 1000, as disks are sold. */
export function bytesText(sizeBytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, sizeBytes)) / 3))
  if (power === 0) return `${Math.round(sizeBytes)} bytes`
  return `${(sizeBytes / 1000 ** power).toFixed(1)} ${units[power]}`
}

export function durationText(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
