import type { CountedBlock } from '../domain/counted'
import type { Counts } from './counts'

/** What a process tells the primary: its counts, and which question of the primary's they answer, if any. */
export interface CountsReport {
  type: 'counts'
  blocks: CountedBlock[]
  answerTo: number | null
}

export interface ReporterOptions {
  counts: Counts
  intervalMs: number
  /** @param onSent called when the channel has taken the message, or will not. */
  send(report: CountsReport, onSent: () => void): void
}

/**
 * Tells the primary at an interval what this process has counted, from a turn of the event loop of its own, never for a
 * request. While the primary has not confirmed a report none is begun by this side; the next holds what it would have.
 */
export class Reporter {
  private unconfirmed = false
  private readonly timer: NodeJS.Timeout

  constructor(private readonly options: ReporterOptions) {
    this.timer = setInterval(() => this.tell(), options.intervalMs).unref()
  }

  /** The primary asks for the latest. */
  answer(question: number): void {
    this.report(question, () => undefined)
  }

  /** The primary has taken in what was told. */
  confirmed(): void {
    this.unconfirmed = false
  }

  /** The last report; resolves when it is on its way. */
  async finish(): Promise<void> {
    clearInterval(this.timer)
    await new Promise<void>((resolve) => this.report(null, resolve))
  }

  private tell(): void {
    if (this.unconfirmed) return
    this.report(null, () => undefined)
  }

  private report(answerTo: number | null, onSent: () => void): void {
    this.unconfirmed = true
    const blocks = this.options.counts.takeChanges()
    this.options.send({ type: 'counts', blocks, answerTo }, onSent)
  }
}
