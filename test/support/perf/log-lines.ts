import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Line = Record<string, string | number>

/** Every line of every log in a run's directory, parsed. A line that does not parse fails the test. */
export function linesIn(directory: string): Line[] {
  return rawLinesIn(directory).map((line) => JSON.parse(line) as Line)
}

export function rawLinesIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.log'))
  return names.flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean),
  )
}
