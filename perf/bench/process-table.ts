import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const ticksPerSecond = 100

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

/** The most that was resident at once, in MiB, since the process began or `restartPeakOf`. */
export function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024
}

/** proc_pid_clear_refs(5) */
export function restartPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
