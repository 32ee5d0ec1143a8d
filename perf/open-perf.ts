import { join } from 'node:path'
import { RunClock } from './clock'
import { asciiOf } from './line'
import { LogWriter } from './log-writer'
import { NoPerf } from './no-perf'
import { PerfLog } from './perf-log'
import type { Perf, PerfLevel, RunInfo } from './timing'

export interface OpenPerfOptions {
  level: PerfLevel
  /** Null, like the level `off`, opens nothing. */
  run: RunInfo | null
  role: 'primary' | 'worker' | 'writer' | 'engine'
  /** 1..n within its role; 0 for the primary. */
  slot: number
  bytesPerProcessMax: number
  gaugeIntervalMs: number
  writeDelayMs: number
  /** Told once when the log cannot be written. */
  warn(message: string): void
}

/** Opens this process's log, `<run>/<pid>.log`. Called once a process, after its fork; never throws for a disk that refuses. */
export function openPerf(options: OpenPerfOptions): Perf {
  const { level, run, role, slot, gaugeIntervalMs } = options
  if (level === 'off' || run === null) return new NoPerf()
  const clock = new RunClock(run.epochNs)
  const writer = new LogWriter({
    path: join(run.directory, `${process.pid}.log`),
    head: headLine(run, role, slot, clock),
    clock,
    bytesMax: options.bytesPerProcessMax,
    delayMs: options.writeDelayMs,
    warn: options.warn,
  })
  const parent = role === 'engine' ? 'infer' : 'http'
  return new PerfLog({ level, clock, writer, parent, gaugeIntervalMs })
}

function headLine(run: RunInfo, role: string, slot: number, clock: RunClock): string {
  const head = {
    k: 'head',
    v: 1,
    run: run.number,
    pid: process.pid,
    role,
    slot,
    wall: new Date().toISOString(),
    unit: 'us',
    t: Math.floor(clock.now()),
  }
  return asciiOf(JSON.stringify(head)) + '\n'
}
