import { parseArgs } from 'node:util'
import { CommandError, findRun } from './find-run'
import { help } from './help'
import { runs } from './runs'
import { slow } from './slow'
import { summary } from './summary'

const countMax = 100_000

/** How a command ended: 0 done, 1 failed, 2 asked for in a way that is not understood. */
export interface CommandResult {
  code: 0 | 1 | 2
  output: string
  complaint: string
}

class UsageError extends Error {}

const options = {
  directory: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  number: { type: 'string', short: 'n', default: '20' },
  route: { type: 'string', default: '' },
} as const

/**
 * Runs `summary`, `slow` or `runs`.
 * @param argv the words after the program's name.
 * @param logs where runs are kept unless `--directory` says otherwise.
 */
export function runCommand(argv: readonly string[], logs = 'perf/logs'): CommandResult {
  try {
    return { code: 0, output: outputOf(argv, logs) + '\n', complaint: '' }
  } catch (error) {
    if (error instanceof UsageError) return failed(2, `${error.message}\nTry --help.`)
    if (error instanceof CommandError) return failed(1, error.message)
    throw error
  }
}

function failed(code: 1 | 2, complaint: string): CommandResult {
  return { code, output: '', complaint: complaint + '\n' }
}

function outputOf(argv: readonly string[], logs: string): string {
  const { values, positionals } = parse(argv)
  const { directory = logs } = values
  const [command, run, ...more] = positionals
  if (values.help || command === undefined) return help
  if (more.length > 0) throw new UsageError(`"${more[0]!}" is one word too many.`)
  if (command === 'runs') {
    if (run !== undefined) throw new UsageError('`runs` takes no run.')
    return runs(directory, countOf(values.number), values.json)
  }
  if (run !== undefined && !/^(latest|[1-9]\d*)$/.test(run)) {
    throw new UsageError(`A run is a number or "latest", not "${run}".`)
  }
  if (command === 'summary') return summary(findRun(directory, run), values.json)
  if (command !== 'slow') throw new UsageError(`There is no command "${command}".`)
  const count = countOf(values.number)
  return slow(findRun(directory, run), { count, route: values.route }, values.json)
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= countMax) return count
  throw new UsageError(`-n is a whole number from 1 to ${countMax}, not "${text}".`)
}
