import { join } from 'node:path'
import { RunClock } from './clock'
import { asciiOf } from './line'
import { LogWriter } from './log-writer'
import { PerfLog, type PerfLogOptions } from './perf-log'
import { SwitchablePerf } from './switchable-perf'
import type { PerfLevel, RunInfo } from './timing'

export interface OpenPerfOptions {
  level: PerfLevel
  /** Null, like the level `off`, opens nothing. */
  run: RunInfo | null
  /** One of so many requests is logged; all when absent. */
  sample?: number
  role: 'primary' | 'worker' | 'writer' | 'engine' | 'checker'
  /** 1..n within its role; 0 for the primary. */
  slot: number
  bytesPerProcessMax: number
  gaugeIntervalMs: number
  writeDelayMs: number
  /** Told once when the log cannot be written. */
  warn(message: string): void
}

/**
 * Opens this process's log, `<run>/<pid>.log`, which can be switched later on. Called once a process, after its fork;
 * never throws for a disk that refuses.
 */
export function openPerf({ level, run, sample = 1, ...options }: OpenPerfOptions): SwitchablePerf {
  const perf = new SwitchablePerf((level, run, ids) => openLog({ ...options, level, run, ids }))
  perf.switchTo({ level, run, sample })
  return perf
}

type OpenLogOptions = Omit<OpenPerfOptions, 'level' | 'run' | 'sample'> &
  Pick<PerfLogOptions, 'level' | 'ids'> & { run: RunInfo }

function openLog({ run, level, ids, role, slot, gaugeIntervalMs, ...options }: OpenLogOptions) {
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
  return new PerfLog({ level, clock, writer, ids, parent, gaugeIntervalMs })
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
