import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterHooks } from '../config/define-cluster'
import type { ModelsReport, ProcessState, ServiceStatus, ToChild } from '../config/process-setup'
import type { Config } from '../config/schema'
import type { ModelPins } from '../domain/model-pins'
import type { Logger } from '../platform/logger'
import { BackOff } from './back-off'
import type { Exit, ManagedProcess } from './managed-process'
import { Slot, type SlotEvents } from './slot'

export interface SupervisorOptions {
  settings: Config['cluster']
  hooks: ClusterHooks
  log: Logger
  /** A process was started, or one ended. */
  onStarted(process: ManagedProcess): void
  onExited(process: ManagedProcess, exit: Exit): void
  /** The service cannot go on. @param why one sentence. */
  onGiveUp(why: string): void
}

export interface EngineSlot {
  number: number
  /** What its process said last about its models; null while none is ready. */
  models(): ModelsReport | null
  /** Puts a new process in place of the present one. @returns whether it did. */
  replace(): Promise<boolean>
  /** Resolves when the process that was replaced last has ended. */
  drained(): Promise<boolean>
  /** Waits for a process that starts by itself. @returns whether there is one that is ready. */
  untilReady(): Promise<boolean>
}

type Role = ProcessState['role']

/** Keeps every process of the service alive and tells the workers how the others are. */
export class Supervisor {
  private readonly slots: Slot[] = []
  private readonly watches: NodeJS.Timeout
  private watchedAt = performance.now()
  private draining = false
  private pins: ModelPins = {}
  private waiting: (() => void)[] = []

  constructor(private readonly options: SupervisorOptions) {
    this.watches = setInterval(() => this.watch(), options.settings.heartbeatIntervalMs)
  }

  /** Starts `count` processes of a role and resolves when all are ready. After a give-up it never resolves. */
  async start(role: Role, count: number, launch: (slot: number) => ManagedProcess): Promise<void> {
    for (let number = 1; number <= count; number++) this.addSlot(role, number, launch)
    await this.until(() => this.of(role).every(({ state }) => state.ready))
  }

  get status(): ServiceStatus {
    return {
      draining: this.draining,
      pins: this.pins,
      processes: this.slots.map(({ state }) => state),
    }
  }

  /** All that run, ready or not. */
  get processes(): ManagedProcess[] {
    return this.slots.flatMap((slot) => [...slot.processes])
  }

  /** Those that answer, which nginx does not. */
  get readyProcesses(): ManagedProcess[] {
    return this.processes.filter(({ role, isReady }) => role !== 'nginx' && isReady)
  }

  tellAll(message: ToChild): void {
    for (const process of this.processes) if (process.role !== 'nginx') process.send(message)
  }

  /** From now on workers send requests for these models to these engines only. */
  setPins(pins: ModelPins): void {
    this.pins = pins
    this.tellWorkers()
  }

  /** Has a process read its settings anew, if there is one that does so already. */
  hangUp(role: Role): void {
    for (const slot of this.of(role))
      for (const process of slot.processes) if (process.isReady) process.signal('SIGHUP')
  }

  /** From now on `/readyz` answers 503. */
  setDraining(): void {
    this.draining = true
    this.tellWorkers()
  }

  /** Replaces the processes of a role, one at a time. A process whose replacement fails stays. */
  async replaceAll(role: Role): Promise<void> {
    for (const slot of this.of(role)) {
      const replaced = await slot.replace(this.drainLimitMs)
      await slot.drained
      if (!replaced && !this.draining)
        this.options.log.error({ of: role, number: slot.number }, 'the process was not replaced')
    }
  }

  /** The engines as changes of the models see them. */
  get engines(): EngineSlot[] {
    return this.of('engine').map((slot) => ({
      number: slot.number,
      models: () => slot.models,
      replace: () => slot.replace(this.drainLimitMs),
      drained: () => slot.drained,
      untilReady: () => this.untilReady(slot),
    }))
  }

  /** @returns whether all processes of the role ended by themselves in time. */
  async stop(role: Role): Promise<boolean> {
    // nginx does not cut requests off by itself, as the others do at their drain's limit.
    const limitMs = role === 'nginx' ? this.options.settings.drainTimeoutMs : this.drainLimitMs
    const stopped = await Promise.all(this.of(role).map((slot) => slot.stop(limitMs)))
    const clean = stopped.every((ended) => ended)
    if (!clean) this.options.log.error({ of: role }, 'had to be killed, or failed to stop')
    return clean
  }

  killAll(): void {
    for (const slot of this.slots) slot.kill()
  }

  close(): void {
    clearInterval(this.watches)
  }

  private get drainLimitMs(): number {
    const { drainTimeoutMs, killTimeoutMs } = this.options.settings
    return drainTimeoutMs + killTimeoutMs
  }

  private of(role: Role): Slot[] {
    return this.slots.filter((slot) => slot.role === role)
  }

  private addSlot(role: Role, number: number, launch: (slot: number) => ManagedProcess): void {
    const { settings } = this.options
    const slot = new Slot({
      role,
      number,
      launch: () => launch(number),
      backOff: new BackOff(settings),
      startTimeoutMs: settings.startTimeoutMs,
      events: this.slotEvents(),
    })
    this.slots.push(slot)
    slot.start()
  }

  private slotEvents(): SlotEvents {
    const { onStarted, onExited, onGiveUp } = this.options
    return {
      started: (process) => {
        onStarted(process)
        this.callHook('postFork', process)
      },
      exited: (process, exit) => {
        this.logExit(process, exit)
        onExited(process, exit)
        this.callHook('workerExit', process, exit)
      },
      changed: () => this.tellWorkers(),
      gaveUp: ({ role, number }, exit) => onGiveUp(whyGivenUp(role, number, exit)),
    }
  }

  private callHook(name: 'postFork' | 'workerExit', process: ManagedProcess, exit?: Exit): void {
    const { hooks, log } = this.options
    const { role, slot, pid } = process
    if (role === 'nginx') return
    try {
      if (exit === undefined) hooks.postFork?.({ role, slot, pid })
      else hooks.workerExit?.({ role, slot, pid, code: exit.code, signal: exit.signal })
    } catch (error) {
      log.error({ err: error, hook: name }, 'a hook of cluster.config.ts failed')
    }
  }

  private logExit({ role, slot, pid }: ManagedProcess, exit: Exit): void {
    const { log } = this.options
    const facts = { of: role, number: slot, ended: pid, code: exit.code, signal: exit.signal }
    if (exit.code === 0) log.info(facts, 'a process ended')
    else log.warn({ ...facts, failure: exit.failure }, 'a process died')
  }

  private tellWorkers(): void {
    const { status } = this
    for (const slot of this.of('worker'))
      for (const process of slot.processes) process.send({ type: 'status', status })
    this.waiting.forEach((check) => check())
  }

  /** @returns whether it is, before a process that starts would be given up. */
  private async untilReady(slot: Slot): Promise<boolean> {
    const { startTimeoutMs, restartDelayMaxMs } = this.options.settings
    const late = sleep(startTimeoutMs + restartDelayMaxMs, false, { ref: false })
    return Promise.race([this.until(() => slot.state.ready).then(() => true), late])
  }

  private async until(condition: () => boolean): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return
        this.waiting = this.waiting.filter((other) => other !== check)
        resolve()
      }
      this.waiting.push(check)
    })
  }

  /** Kills who is silent; not, however, when it was this process that stood still and heard nobody. */
  private watch(): void {
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.options.settings
    const now = performance.now()
    const stoodStill = now - this.watchedAt > heartbeatIntervalMs + heartbeatTimeoutMs / 2
    this.watchedAt = now
    for (const slot of this.slots)
      for (const process of slot.processes) {
        if (stoodStill) process.signOfLife()
        else this.killSilent(process)
      }
  }

  private killSilent(process: ManagedProcess): void {
    const { role, slot, pid, isReady, silentMs } = process
    if (role === 'nginx' || !isReady || silentMs < this.options.settings.heartbeatTimeoutMs) return
    this.options.log.error({ of: role, number: slot, silent: pid }, 'no heartbeat: killing it')
    process.signal('SIGKILL')
  }
}

function whyGivenUp(role: Role, number: number, { code, signal, failure }: Exit): string {
  const how = failure ?? (signal === null ? `exit code ${code}` : `signal ${signal}`)
  return `The ${role} ${number} cannot be kept running (${how}); the log has the details.`
}
