import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import {
  manifestFormat,
  writeManifest,
  type Manifest,
  type ModelFacts,
  type ProcessFacts,
} from './manifest'
import { redactArguments, redactSettings } from './redact'
import { deleteOldRuns, markCrashedRuns } from './retention'
import { allocateRun } from './run-directories'
import { machineFacts, programFacts, startOfProcess } from './run-facts'
import { codeOf } from './system-errors'
import type { RunInfo } from './timing'

const processesKept = 1000

export interface RunOptions {
  /** Where runs are kept, one numbered directory each. Made when missing. */
  directory: string
  /** Runs that are kept, this one included. */
  runsMax: number
  /** A label that people give to a run; may be empty. */
  tag: string
  perfLevel: string
  /** Kind of the database. */
  database: string
  /** The settings in force; secrets are taken out before they are written. */
  config: unknown
  /** Told when `run.json` cannot be brought up to date; the service goes on. */
  warn(message: string): void
}

/** One start of the service: its number, its directory and its manifest. Kept by the primary. */
export class Run {
  readonly info: RunInfo
  private readonly manifest: Manifest

  /** @throws the file system's error when the directory cannot be written. */
  constructor(private readonly options: RunOptions) {
    const root = resolve(options.directory)
    const number = allocateRun(root)
    const epochNs = String(process.hrtime.bigint())
    this.info = { number, directory: join(root, String(number)), epochNs }
    this.manifest = firstManifest(this.info, options)
    writeManifest(this.info.directory, this.manifest)
    this.tidy(root)
  }

  setModels(models: readonly ModelFacts[]): void {
    this.manifest.models = [...models]
    this.save()
  }

  processStarted({ role, slot, pid }: ProcessFacts): void {
    const { processes } = this.manifest
    if (processes.length >= processesKept) {
      processes.shift()
      this.manifest.processes_omitted++
    }
    const started = { started_at: nowText(), exited_at: null, code: null, signal: null }
    processes.push({ role, slot, pid, ...started })
    this.save()
  }

  processExited(pid: number, code: number | null, signal: string | null): void {
    const entry = this.manifest.processes.findLast((p) => p.pid === pid && p.exited_at === null)
    if (entry === undefined) return
    Object.assign(entry, { exited_at: nowText(), code, signal })
    this.save()
  }

  /** Ends the run. @param reason such as a signal's name. */
  finish(reason: string): void {
    this.manifest.stopped_at = nowText()
    this.manifest.stop_reason = reason
    this.save()
  }

  /** Other runs are no reason not to start: another start may be deleting them, or they belong to someone else. */
  private tidy(root: string): void {
    try {
      markCrashedRuns(root)
      deleteOldRuns(root, this.options.runsMax)
    } catch (error) {
      this.options.warn(`Older runs of the perf log could not be tidied (${codeOf(error)}).`)
    }
  }

  private save(): void {
    try {
      writeManifest(this.info.directory, this.manifest)
    } catch (error) {
      this.options.warn(`The run's run.json cannot be written (${codeOf(error)}).`)
    }
  }
}

function firstManifest(info: RunInfo, options: RunOptions): Manifest {
  const config = redactSettings(options.config)
  const wallUs = Date.now() * 1000
  return {
    format: manifestFormat,
    run: info.number,
    started_at: nowText(),
    stopped_at: null,
    stop_reason: null,
    epoch: { wall_us: wallUs, hrtime_ns: info.epochNs },
    primary: { pid: process.pid, started_ticks: startOfProcess(process.pid) ?? '' },
    tag: options.tag,
    program: programFacts(),
    machine: machineFacts(),
    argv: redactArguments(process.argv.slice(2)),
    database: options.database,
    perf_level: options.perfLevel,
    config,
    config_sha256: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
    models: [],
    processes: [],
    processes_omitted: 0,
  }
}

function nowText(): string {
  return new Date().toISOString()
}
