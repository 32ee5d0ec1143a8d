import type { ModelsReport, ProcessState } from '../config/process-setup'
import type { BackOff } from './back-off'
import type { Exit, ManagedProcess } from './managed-process'

export interface SlotEvents {
  started(process: ManagedProcess): void
  exited(process: ManagedProcess, exit: Exit): void
  /** The slot's state is another than before. */
  changed(): void
  /** No more attempts: the process cannot be kept alive. */
  gaveUp(slot: Slot, exit: Exit): void
}

export interface SlotOptions {
  role: ProcessState['role']
  number: number
  launch(): ManagedProcess
  backOff: BackOff
  startTimeoutMs: number
  events: SlotEvents
}

/** A place in the service that one process fills: restarted when it dies, replaced without a gap on request. */
export class Slot {
  readonly role: ProcessState['role']
  readonly number: number
  private readonly live = new Set<ManagedProcess>()
  private current: ManagedProcess | null = null
  private replacement: ManagedProcess | null = null
  private lastDrain: Promise<boolean> = Promise.resolve(true)
  private restartTimer: NodeJS.Timeout | undefined
  private stopping = false
  private wasReady = false
  private reason = 'starting'

  constructor(private readonly options: SlotOptions) {
    this.role = options.role
    this.number = options.number
  }

  /** Everything that runs for this slot: the process in service, its replacement, and one that still drains. */
  get processes(): Iterable<ManagedProcess> {
    return this.live
  }

  get state(): ProcessState {
    const ready = this.current?.isReady ?? false
    const state = { role: this.role, slot: this.number, ready }
    return ready ? state : { ...state, reason: this.reason }
  }

  start(): void {
    this.current = this.launch()
    void this.current.ready.then((ready) => {
      this.wasReady ||= ready
      if (ready) this.options.events.changed()
    })
  }

  /** Resolves when the process that was replaced last has ended: false when it had to be killed, or failed to stop. */
  get drained(): Promise<boolean> {
    return this.lastDrain
  }

  /** What the process in service has said about its models; null when there is none. */
  get models(): ModelsReport | null {
    return this.current?.isReady ? this.current.models : null
  }

  /**
   * Puts a new process in the place of the present one, which drains once the new one is ready. When the new one does
   * not become ready the present one stays. Waits for an earlier one to have drained, so that at most two live at once.
   * @returns whether it was replaced; the other one may drain on.
   */
  async replace(drainLimitMs: number): Promise<boolean> {
    await this.lastDrain
    // One that is starting, or waiting to be, is new anyway.
    if (this.isStopping() || this.replacement !== null || !this.current?.isReady) return false
    const replacement = (this.replacement = this.launch())
    const ready = await replacement.ready
    this.replacement = null
    if (this.isStopping()) return false
    if (!ready) {
      if (this.current.isGone) this.start()
      return false
    }
    const old = this.current
    this.current = replacement
    this.options.events.changed()
    this.lastDrain = old.drain(drainLimitMs)
    return true
  }

  /** @returns whether all ended by themselves within the limit. */
  async stop(drainLimitMs: number): Promise<boolean> {
    this.cease()
    const drained = await Promise.all(
      [...this.live].map((process) => {
        if (process.isReady) return process.drain(drainLimitMs)
        process.signal('SIGKILL')
        return process.exited.then(() => true)
      }),
    )
    return drained.every((clean) => clean)
  }

  kill(): void {
    this.cease()
    for (const process of this.live) process.signal('SIGKILL')
  }

  private isStopping(): boolean {
    return this.stopping
  }

  private cease(): void {
    this.stopping = true
    this.reason = 'stopping'
    clearTimeout(this.restartTimer)
  }

  private launch(): ManagedProcess {
    const { launch, startTimeoutMs, events } = this.options
    const process = launch()
    this.live.add(process)
    events.started(process)
    const timer = setTimeout(() => process.signal('SIGKILL'), startTimeoutMs)
    void process.ready.then(() => clearTimeout(timer))
    void process.exited.then((exit) => this.ended(process, exit))
    return process
  }

  private ended(process: ManagedProcess, exit: Exit): void {
    this.live.delete(process)
    this.options.events.exited(process, exit)
    if (this.stopping || process !== this.current) return
    this.reason = exit.failure ?? 'restarting'
    this.options.events.changed()
    if (this.replacement === null) this.restart(process, exit)
  }

  /** SIGALRM is an engine that ended itself because a run passed its deadline (DESIGN D7): no fault of the process. */
  private restart(process: ManagedProcess, exit: Exit): void {
    const { backOff, events } = this.options
    const hopeless = exit.failure !== null && !this.wasReady
    const delayMs = exit.signal === 'SIGALRM' ? 0 : backOff.next(process.livedMs)
    if (hopeless || delayMs === null) events.gaveUp(this, exit)
    else this.restartTimer = setTimeout(() => this.start(), delayMs)
  }
}
