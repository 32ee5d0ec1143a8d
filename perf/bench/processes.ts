import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const ticksPerSecond = 100
const endTimeoutMs = 40_000
const settleWindowMs = 100
const settleTimeoutMs = 10_000
// Of one core; timers and heartbeats use less.
const settleShare = 0.25

/** The processes that a benchmark started, so that none outlives it. */
export class ProcessGroup {
  private readonly children = new Set<ChildProcess>()

  /** Starts a program whose two output streams can be read. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    return this.keep(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
  }

  /** Starts one of our own compiled modules with a channel for messages. */
  fork(modulePath: string, argument: object): ChildProcess {
    return this.keep(fork(modulePath, [JSON.stringify(argument)], { serialization: 'advanced' }))
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

/** Children, their children and so on, of a process that may be gone. */
export function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid)
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((word) => word !== '')
        .map(Number),
    )
  } catch {
    return []
  }
}

/** User and system time that these processes have used, from /proc; a process that is gone counts nothing. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOfOne(pid), 0)
}

function cpuSecondsOfOne(pid: number): number {
  try {
    const fields = statFieldsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return 0
  }
}

/** The fields behind the command's name, which may itself hold spaces and brackets: [0] is the state, proc(5)'s field 3. */
function statFieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

export interface Memory {
  /** Resident, counting shared pages in full. */
  rssMib: number
  /** Resident, counting each shared page by its share. */
  pssMib: number
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mibOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? NaN) / 1024
  return { rssMib: mibOf('Rss'), pssMib: mibOf('Pss') }
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
