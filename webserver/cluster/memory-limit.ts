import { spawnSync } from 'node:child_process'
import type { Logger } from '../platform/logger'

/** How a program of ours is started: the program itself and the words before our script. */
export interface Launcher {
  execPath: string
  execArgv: string[]
}

/**
 * Node under a limit of its address space (RLIMIT_AS), set by util-linux's `prlimit`, which then becomes Node: same pid,
 * same descriptors. What asks for more gets an error instead of the machine's memory.
 * @param cpuSecondsMax also ends the process after so much of the processor's time (RLIMIT_CPU).
 * @returns null when there is no `prlimit`.
 */
export function launcherWithin(bytesMax: number, cpuSecondsMax?: number): Launcher | null {
  const limits = [`--as=${bytesMax}`]
  if (cpuSecondsMax !== undefined) limits.push(`--cpu=${cpuSecondsMax}`)
  if (spawnSync('prlimit', [...limits, 'true'], { stdio: 'ignore' }).status !== 0) return null
  return { execPath: 'prlimit', execArgv: [...limits, process.execPath, ...process.execArgv] }
}

export function launcherWithoutLimit(): Launcher {
  return { execPath: process.execPath, execArgv: process.execArgv }
}

/**
 * Node hands each body over in pieces of memory outside of V8's heap, which V8 sees as pressure: with its usual young
 * generation they die so late that it marks the whole heap again and again. A small one is collected often and cheaply,
 * and its threads would only take the cores from the other engines.
 */
const collectorFlags = ['--max-semi-space-size=1', '--single-threaded-gc']

/** How engines are started. Where there is no `prlimit` they go without a limit, and the log says so. */
export function launcherOfEngines(bytesMax: number, log: Logger): Launcher {
  const limited = launcherWithin(bytesMax)
  if (limited === null) log.warn('prlimit (util-linux) is missing: engines have no memory limit')
  const { execPath, execArgv } = limited ?? launcherWithoutLimit()
  return { execPath, execArgv: [...execArgv, ...collectorFlags] }
}
