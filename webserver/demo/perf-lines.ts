import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** @returns the directory of the newest run below `perfLogs`, or null when there is none. */
export function latestRun(perfLogs: string): string | null {
  try {
    return realpathSync(join(perfLogs, 'latest'))
  } catch {
    return null
  }
}

/** The wide lines (`rt` is their route) of one request, from all processes of the run. */
export function perfLinesOf(runDirectory: string, requestId: string): string[] {
  const mark = `"r":${JSON.stringify(requestId)}`
  return readdirSync(runDirectory)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(runDirectory, name), 'utf8').split('\n'))
    .filter((line) => line.includes(mark) && line.includes('"rt":'))
}
