import type { ChildProcess } from 'node:child_process'
import type { FromChild } from '../../config/process-setup'
import type { CheckedModel, PlannedModel, TuningTable } from '../model-plan'
import type { CheckerMessage, CheckRequest } from './messages'

export interface CheckLimits {
  startTimeoutMs: number
  /** From the request until the model is loaded and has run once. */
  loadTimeoutMs: number
  /** From then on until it is measured. */
  measureTimeoutMs: number
}

type Said = CheckerMessage | Extract<FromChild, { type: 'ready' | 'failed' }>

const heard = ['ready', 'failed', 'refused', 'checked', 'measured']

/** Like every process of ours it also beats, counts and more. */
function isHeard(message: { type: string }): message is Said {
  return heard.includes(message.type)
}

/** What came of one model. */
export type CheckOutcome =
  /** @property lasting whether the content is the reason, so that another try would end alike. */
  { refusal: string; lasting: boolean } | { checked: CheckedModel; rows: TuningTable['rows'] }

/** One checking process and the conversation with it; when it dies or hangs, that is the answer about the model in hand. */
export class CheckerProcess {
  private readonly messages: Said[] = []
  private ended: string | null = null
  private notify: () => void = () => undefined

  private constructor(
    private readonly child: ChildProcess,
    private readonly limits: CheckLimits,
  ) {
    child.on('message', (message: Said | { type: 'other' }) => {
      if (!isHeard(message)) return
      this.messages.push(message)
      this.notify()
    })
    const end = (why: string) => {
      this.ended ??= why
      this.notify()
    }
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    child.once('error', (error) => end(error.message))
  }

  /** @throws {Error} why it cannot be started. */
  static async start(child: ChildProcess, limits: CheckLimits): Promise<CheckerProcess> {
    const checker = new CheckerProcess(child, limits)
    const first = await checker.hear(limits.startTimeoutMs)
    if (first.type === 'ready') return checker
    checker.kill()
    throw new Error(
      `The model checker could not be started: ${first.type === 'failed' ? first.reason : checker.howItEnded}`,
    )
  }

  get isGone(): boolean {
    return this.ended !== null
  }

  async check(model: PlannedModel): Promise<CheckOutcome> {
    this.child.send({ type: 'check', model } satisfies CheckRequest, () => undefined)
    const { loadTimeoutMs, measureTimeoutMs } = this.limits
    const first = await this.hear(loadTimeoutMs)
    if (first.type === 'refused') return { refusal: first.reason, lasting: true }
    if (first.type !== 'checked') return { refusal: this.reasonOf(first), lasting: false }
    const second = await this.hear(measureTimeoutMs)
    if (second.type !== 'measured') this.kill()
    return { checked: first.checked, rows: second.type === 'measured' ? second.rows : [] }
  }

  kill(): void {
    this.ended ??= 'killed'
    this.child.kill('SIGKILL')
    this.notify()
  }

  private get howItEnded(): string {
    return this.ended ?? 'it did not answer in time'
  }

  private reasonOf(last: { type: string }): string {
    if (last.type === 'late') {
      this.kill()
      return `the model did not load in time (${this.limits.loadTimeoutMs} ms)`
    }
    return `the model ended the process that checked it (${this.howItEnded})`
  }

  /** The next message, or that there will be none: the process has ended, or the time is over. */
  private async hear(timeoutMs: number): Promise<Said | { type: 'ended' | 'late' }> {
    const endAtMs = performance.now() + timeoutMs
    for (;;) {
      const message = this.messages.shift()
      if (message !== undefined) return message
      if (this.ended !== null) return { type: 'ended' }
      const leftMs = endAtMs - performance.now()
      if (leftMs <= 0) return { type: 'late' }
      await this.news(leftMs)
    }
  }

  private async news(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.notify = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
