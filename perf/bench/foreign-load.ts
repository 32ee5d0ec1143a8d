import { readFileSync } from 'node:fs'
import { cpuSecondsOf, descendantsOf } from './process-table'

const ticksPerSecond = 100

/** Measures what share of the machine processes outside the benchmark use. */
export class ForeignLoad {
  private readonly startedAt = performance.now()
  private readonly busyAtStart = busySeconds()
  private readonly ownAtStart = ownSeconds()

  /** @returns 0–1 of all cores, since construction. */
  share(): number {
    const elapsedS = (performance.now() - this.startedAt) / 1000
    const foreign = busySeconds() - this.busyAtStart - (ownSeconds() - this.ownAtStart)
    return Math.max(0, foreign / (elapsedS * cores()))
  }
}

function cpuLines(): string[] {
  return readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('cpu'))
}

function cores(): number {
  return cpuLines().length - 1
}

/** All time that was not idle, waiting for disks or stolen. */
function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = cpuLines()[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq) / ticksPerSecond
}

/** This process, those it started, and those of them that ended. */
function ownSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ended = (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
  return ended + cpuSecondsOf([process.pid, ...descendantsOf(process.pid)])
}
