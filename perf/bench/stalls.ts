import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { percentile } from './statistics'

interface Line {
  k?: string
  n?: string
  /** Duration in µs of a call. */
  d?: number
  /** Longest delay of the event loop in ms since the last gauge. */
  lag?: number
  role?: string
}

/** Reads from the perf logs of the newest run who stood still, between two moments. */
export class Stalls {
  private readonly begunAt = new Map<string, number>()

  constructor(private readonly logs: string) {}

  begin(): void {
    for (const path of this.paths()) this.begunAt.set(path, statSync(path).size)
  }

  /** @returns in ms the longest commit, the 99th percentile of commits, and the longest delay of a worker's event loop. */
  end(): [longestMs: number, p99Ms: number, workerLagMs: number] {
    const commitsMs = [0]
    let workerLagMs = 0
    for (const path of this.paths()) {
      const text = readFileSync(path)
      const role = parse(text.toString('utf8', 0, text.indexOf('\n')))?.role
      const lines = text.toString('utf8', this.begunAt.get(path) ?? 0).split('\n')
      for (const line of lines.map(parse)) {
        if (line?.n === 'group_commit') commitsMs.push(line.d! / 1000)
        if (line?.k === 'gauge' && role === 'worker')
          workerLagMs = Math.max(workerLagMs, line.lag ?? 0)
      }
    }
    const longestMs = commitsMs.reduce((longest, ms) => Math.max(longest, ms), 0)
    return [longestMs, percentile(commitsMs, 0.99), workerLagMs]
  }

  private paths(): string[] {
    const runs = readdirSync(this.logs).filter((name) => /^\d+$/.test(name))
    const newest = join(this.logs, runs.sort((a, b) => Number(a) - Number(b)).at(-1)!)
    return readdirSync(newest)
      .filter((name) => /^\d+\.log$/.test(name))
      .map((name) => join(newest, name))
  }
}

function parse(line: string): Line | null {
  try {
    return JSON.parse(line) as Line
  } catch {
    return null
  }
}
