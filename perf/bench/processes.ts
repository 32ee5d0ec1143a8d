import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { childEnvironment } from '../../webserver/config/process-environment'
import { ForeignLoad } from './foreign-load'
import { cpuSecondsOf, descendantsOf } from './process-table'

const endTimeoutMs = 40_000
const settleWindowMs = 100
const settleTimeoutMs = 10_000
// Of one core; timers and heartbeats use less.
const settleShare = 0.25
const foreignShareMax = 0.1

/** The processes that a benchmark started, so that none outlives it. They see no more of the environment than the service's do. */
export class ProcessGroup {
  private readonly children = new Set<ChildProcess>()

  /** @param patienceMs how long to wait in all, before measurements, for processes of others to be idle. */
  constructor(private patienceMs: number) {}

  /** Starts a program whose two output streams can be read. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    const env = childEnvironment(null)
    return this.keep(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env }))
  }

  /** Starts one of our own compiled modules with a channel for messages. */
  fork(modulePath: string, argument: object): ChildProcess {
    const options = { serialization: 'advanced', env: childEnvironment(null) } as const
    return this.keep(fork(modulePath, [JSON.stringify(argument)], options))
  }

  private keep(child: ChildProcess): ChildProcess {
    this.children.add(child)
    child.once('exit', () => this.children.delete(child))
    return child
  }

  /**
   * Waits until none of these processes works any more: a load generator that stops leaves requests behind, and what
   * still computes them would disturb the measurement that follows. Gives up waiting after some seconds.
   */
  async settle(): Promise<void> {
    const endsAt = performance.now() + settleTimeoutMs
    let idle = false
    while (!idle && performance.now() < endsAt) {
      const before = cpuSecondsOf(this.everyPid())
      await delay(settleWindowMs)
      idle = cpuSecondsOf(this.everyPid()) - before <= settleShare * (settleWindowMs / 1000)
    }
    while (this.patienceMs > 0 && (await this.isDisturbed())) this.patienceMs -= settleWindowMs
  }

  /** Whether other processes use the machine, looked at for a moment. */
  private async isDisturbed(): Promise<boolean> {
    const foreign = new ForeignLoad()
    await delay(settleWindowMs)
    return foreign.share() > foreignShareMax
  }

  private everyPid(): number[] {
    return [...this.children].flatMap(({ pid }) =>
      pid === undefined ? [] : [pid, ...descendantsOf(pid)],
    )
  }

  /** Last resort, for the way out: everything that still runs, and what it started, dies. */
  killAll(): void {
    for (const pid of this.everyPid()) kill(pid, 'SIGKILL')
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Asks a process to end and waits until it has; what does not end in time is killed. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await exited
  clearTimeout(timer)
}

/** Polls until the condition holds. @throws {Error} naming `what` when it does not in time. */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number,
): Promise<void> {
  const endsAt = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`timed out waiting for ${what}`)
    await delay(20)
  }
}
