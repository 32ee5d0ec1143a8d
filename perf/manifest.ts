import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startOfProcess } from './run-facts'
import { writeWhole } from './run-directories'

export const manifestFormat = 1

export interface ModelFacts {
  name: string
  version: string
  sha256?: string
  sizeBytes?: number
}

export interface ProcessFacts {
  role: string
  slot: number
  pid: number
}

export interface ProcessRecord extends ProcessFacts {
  started_at: string
  exited_at: string | null
  code: number | null
  signal: string | null
}

/** `run.json`: what ran, where and with which settings. */
export interface Manifest {
  format: number
  run: number
  started_at: string
  /** Null while it runs, and for ever when it crashed. */
  stopped_at: string | null
  /** `crash` when the next start found it neither stopped nor running. */
  stop_reason: string | null
  epoch: { wall_us: number; hrtime_ns: string }
  /** The primary, and when the kernel says it started. */
  primary: { pid: number; started_ticks: string }
  tag: string
  program: Record<string, string | null>
  machine: Record<string, string | number>
  argv: string[]
  database: string
  perf_level: string
  config: unknown
  config_sha256: string
  models: ModelFacts[]
  processes: ProcessRecord[]
  /** Entries of `processes` that were left out to keep it short. */
  processes_omitted: number
}

export function manifestPath(runDirectory: string): string {
  return join(runDirectory, 'run.json')
}

/** `undefined` when there is none yet, or none that can be read. */
export function readManifest(runDirectory: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(manifestPath(runDirectory), 'utf8')) as Manifest
    return manifest.format === manifestFormat ? manifest : undefined
  } catch {
    return undefined
  }
}

export function writeManifest(runDirectory: string, manifest: Manifest): void {
  writeWhole(manifestPath(runDirectory), JSON.stringify(manifest, null, 2) + '\n')
}

export function isRunning({ stopped_at, primary }: Manifest): boolean {
  return stopped_at === null && startOfProcess(primary.pid) === primary.started_ticks
}
