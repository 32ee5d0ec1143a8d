import { spawnSync } from 'node:child_process'

/** How a program of ours is started: the program itself and the words before our script. */
export interface Launcher {
  execPath: string
  execArgv: string[]
}

/**
 * Node under a limit of its address space (RLIMIT_AS), set by util-linux's `prlimit`, which then becomes Node: same pid,
 * same descriptors. What asks for more gets an error instead of the machine's memory.
 * @returns null when there is no `prlimit`.
 */
export function launcherWithin(bytesMax: number): Launcher | null {
  const limit = `--as=${bytesMax}`
  if (spawnSync('prlimit', [limit, 'true'], { stdio: 'ignore' }).status !== 0) return null
  return { execPath: 'prlimit', execArgv: [limit, process.execPath, ...process.execArgv] }
}

export function launcherWithoutLimit(): Launcher {
  return { execPath: process.execPath, execArgv: process.execArgv }
}
