import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessGroup } from './processes'

/** What a section of the benchmark works with. */
export interface Bench {
  processes: ProcessGroup
  /** For files of this run; deleted afterwards. */
  directory: string
  /** How often each figure is measured. */
  rounds: number
  /** Whole seconds of one measurement. */
  seconds: number
  /** Whether a look is wanted rather than figures: few cells, short runs. */
  quick: boolean
  /** What must not be: makes the run fail after it has written its report. */
  problems: string[]
  say(line: string): void
  /** Keeps a plot beside the results. @returns the Markdown that shows it. */
  plot(name: string, about: string, svg: string): string
}

/** Measures something and returns what to write about it, in Markdown. */
export type Section = (bench: Bench) => Promise<string>

export function directoryFor(bench: Bench, name: string): string {
  const directory = join(bench.directory, name)
  mkdirSync(directory, { recursive: true })
  return directory
}
