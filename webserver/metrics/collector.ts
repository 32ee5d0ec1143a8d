import type { CountedBlock } from '../domain/counted'
import type { Counts } from './counts'
import type { CountsReport } from './reporter'
import type { Totals } from './totals'

/** A process as the primary reaches it. */
export interface CountingProcess {
  askForCounts(question: number): void
  confirmCounts(): void
}

export interface CollectorOptions {
  totals: Totals
  /** What the primary counts itself. */
  counts: Counts
  /** How long a question waits for processes to tell their latest. */
  waitMs: number
  /** The processes that could answer. */
  processes(): readonly CountingProcess[]
}

/**
 * Brings the totals up to date when somebody asks. A process that is busy is represented by what it told last: nobody
 * ever waits for it longer than `waitMs`.
 */
export class Collector {
  private question = 0
  /** The question that each process has not answered yet. */
  private readonly unanswered = new Map<CountingProcess, number>()
  private present: Promise<void> | null = null
  private following: Promise<void> | null = null
  private onAnswer: () => void = () => undefined

  constructor(private readonly options: CollectorOptions) {}

  /** A process told its counts. */
  report(process: CountingProcess, { blocks, answerTo }: CountsReport): void {
    this.options.totals.add(process, blocks)
    process.confirmCounts()
    if (answerTo === null || this.unanswered.get(process) !== answerTo) return
    this.unanswered.delete(process)
    this.onAnswer()
  }

  ended(process: CountingProcess): void {
    this.options.totals.forget(process)
    this.unanswered.delete(process)
    this.onAnswer()
  }

  /** The totals, with everything that processes which are not busy had counted when this was called. */
  async read(): Promise<CountedBlock[]> {
    await this.refresh()
    const { totals, counts } = this.options
    totals.add(this, counts.takeChanges())
    return totals.read()
  }

  /** Who asks during a collection gets the next one: the present one may have passed what they want to see. */
  private refresh(): Promise<void> {
    if (this.present === null)
      return (this.present = this.collect().finally(() => (this.present = null)))
    this.following ??= this.present.then(() => {
      this.following = null
      return this.refresh()
    })
    return this.following
  }

  private async collect(): Promise<void> {
    const question = ++this.question
    for (const process of this.options.processes()) {
      // One question at a time: a process that was busy for a minute must not find a hundred.
      if (this.unanswered.has(process)) continue
      this.unanswered.set(process, question)
      process.askForCounts(question)
    }
    await this.allAnswered()
  }

  private allAnswered(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.options.waitMs)
      this.onAnswer = () => {
        if (this.unanswered.size > 0) return
        clearTimeout(timer)
        resolve()
      }
      this.onAnswer()
    })
  }
}
