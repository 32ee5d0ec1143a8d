import type { ChildProcess } from 'node:child_process'
import type { Ask, FromChild, ModelsReport, ProcessState, ToChild } from '../config/process-setup'
import type { CountingProcess } from '../metrics/collector'
import type { CountsReport } from '../metrics/reporter'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  /** What the process said itself about why it could not start. */
  failure: string | null
}

export interface ManagedOptions {
  role: ProcessState['role']
  slot: number
  /** Asks the process to end its requests and then itself. */
  requestDrain(): void
  /** Answers what the process asks. */
  onAsk?(question: Ask): Promise<ToChild>
  /** The process tells what it has counted. */
  onCounts?(process: ManagedProcess, report: CountsReport): void
}

/** One process of the service: whether it is ready, when it last gave a sign of life, how it ended. */
export class ManagedProcess implements CountingProcess {
  readonly role: ProcessState['role']
  readonly slot: number
  readonly exited: Promise<Exit>
  /** Resolves with true when the process is ready, with false when it ended before that. */
  readonly ready: Promise<boolean>
  /** What an engine said last about its models. */
  models: ModelsReport | null = null
  private readonly startedAt = performance.now()
  private signOfLifeAt = this.startedAt
  private failure: string | null = null
  private becameReady = false
  private gone = false
  private announceReady: (ready: boolean) => void = () => undefined

  constructor(
    private readonly child: ChildProcess,
    private readonly options: ManagedOptions,
  ) {
    this.role = options.role
    this.slot = options.slot
    this.ready = new Promise((resolve) => (this.announceReady = resolve))
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.gone = true
        this.announceReady(false)
        resolve({ code, signal, failure: this.failure })
      }
      child.once('exit', end)
      // Without a pid it was never started and will not exit.
      child.on('error', (error) => {
        this.failure ??= error.message
        if (child.pid === undefined) end(null, null)
      })
    })
    child.on('message', (message: FromChild) => this.hear(message))
  }

  /** 0 when the system could not start it. */
  get pid(): number {
    return this.child.pid ?? 0
  }

  get isReady(): boolean {
    return this.becameReady && !this.gone
  }

  get isGone(): boolean {
    return this.gone
  }

  get livedMs(): number {
    return performance.now() - this.startedAt
  }

  /** Time since the process last gave a sign of life. */
  get silentMs(): number {
    return performance.now() - this.signOfLifeAt
  }

  signOfLife(): void {
    this.signOfLifeAt = performance.now()
  }

  markReady(): void {
    this.signOfLife()
    this.becameReady = true
    this.announceReady(true)
  }

  /** A message to a process that is just ending is lost, as it would be a moment later. */
  send(message: ToChild): void {
    if (this.child.connected) this.child.send(message, () => undefined)
  }

  askForCounts(question: number): void {
    this.send({ type: 'count', question })
  }

  confirmCounts(): void {
    this.send({ type: 'counted' })
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** @returns whether it ended by itself, with exit code 0, within the limit; killed otherwise. */
  async drain(limitMs: number): Promise<boolean> {
    if (this.gone) return true
    this.options.requestDrain()
    const timer = setTimeout(() => this.signal('SIGKILL'), limitMs)
    const { code } = await this.exited
    clearTimeout(timer)
    return code === 0
  }

  private hear(message: FromChild): void {
    if (message.type === 'ready') this.markReady()
    else if (message.type === 'beat') this.signOfLife()
    else if (message.type === 'failed') this.failure = message.reason
    else if (message.type === 'models') this.models = message
    else if (message.type === 'counts') this.options.onCounts?.(this, message)
    else void this.options.onAsk?.(message).then((reply) => this.send(reply))
  }
}
