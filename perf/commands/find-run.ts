import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, readManifest, type Manifest } from '../manifest'
import { runNumbers } from '../run-directories'
import type { LogFile } from './read-log'

/** Something that the person who asked can put right; its message is all that is shown. */
export class CommandError extends Error {}

export type RunState = 'running' | 'clean' | 'crash' | 'unknown'

export interface FoundRun {
  number: number
  directory: string
  /** Missing where the start died before it wrote one. */
  manifest: Manifest | undefined
  state: RunState
}

/** @param asked a number, `latest`, or nothing, which is the latest. */
export function findRun(logs: string, asked = 'latest'): FoundRun {
  if (asked === 'latest') {
    const newest = runNumbers(logs).at(-1)
    if (newest !== undefined) return openRun(logs, newest)
    throw new CommandError(
      `There are no runs in ${logs} yet. Start the service, or name another directory with --directory.`,
    )
  }
  if (existsSync(join(logs, asked))) return openRun(logs, Number(asked))
  throw new CommandError(`There is no run ${asked} in ${logs}. \`runs\` lists those there are.`)
}

export function openRun(logs: string, number: number): FoundRun {
  const directory = join(logs, String(number))
  const manifest = readManifest(directory)
  return { number, directory, manifest, state: stateOf(manifest) }
}

function stateOf(manifest: Manifest | undefined): RunState {
  if (manifest === undefined) return 'unknown'
  if (manifest.stopped_at !== null) return 'clean'
  return isRunning(manifest) ? 'running' : 'crash'
}

/** What the files of a run say together. */
export interface LogTotals {
  sizeBytes: number
  tornLines: number
  droppedLines: number
  /** From the earliest start to the latest end in the logs, µs; 0 for empty logs. */
  spanUs: number
  firstUs: number
}

export function totalsOf(files: readonly LogFile[]): LogTotals {
  const sum = (pick: (file: LogFile) => number) => files.reduce((n, file) => n + pick(file), 0)
  const firstUs = Math.min(...files.map((file) => file.firstUs))
  const lastUs = Math.max(...files.map((file) => file.lastUs))
  return {
    sizeBytes: sum((file) => file.sizeBytes),
    tornLines: sum((file) => file.tornLines),
    droppedLines: sum((file) => file.droppedLines),
    spanUs: Math.max(0, Number.isFinite(lastUs) ? lastUs - firstUs : 0),
    firstUs: Number.isFinite(firstUs) ? firstUs : 0,
  }
}
