import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names one process for good: numbers of processes are used again, and after a restart of the machine start times too. */
export interface ProcessIdentity {
  pid: number
  host: string
  /** Start time and boot of the machine; null where the system does not tell. */
  start: string | null
}

export function identify(pid: number): ProcessIdentity {
  return { pid, host: hostname(), start: startOf(pid) }
}

/** @returns null when it cannot be told: the process belongs to another machine or container. */
export function isAlive(process: ProcessIdentity): boolean | null {
  if (process.host !== hostname()) return null
  if (!hasProcess(process.pid)) return false
  const start = startOf(process.pid)
  return process.start === null || start === process.start
}

/** A process's identity as one line, and back. */
export function holderOf(process: ProcessIdentity): string {
  return JSON.stringify([process.pid, process.host, process.start])
}

/** Whether who is named so is surely gone; what cannot be told counts as alive. */
export function isGone(holder: string): boolean {
  const [pid, host, start] = JSON.parse(holder) as [number, string, string | null]
  return isAlive({ pid, host, start }) === false
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * proc_pid_stat(5): the state is the 3rd field, the number of threads the 20th, the start time the 22nd. A zombie is as good
 * as gone, but for one whose other threads are still in a call of the kernel that they began, as a write is.
 */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const isOver = fields[0] === 'Z' && Number(fields[17]) <= 1
    return isOver ? 'gone' : `${boot} ${fields[19]}`
  } catch {
    return null
  }
}
