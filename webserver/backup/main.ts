import { UsageError } from '../config/command-line'
import { configWith } from '../config/load'
import { isAppError } from '../domain/errors'
import { Failure, isDiskFull } from './failure'
import {
  backupUsage,
  parseBackup,
  parseRestore,
  restoreUsage,
  type RestoreOptions,
} from './options'
import { Progress } from './progress'
import { runBackup } from './run-backup'
import { runRestore } from './run-restore'
import {
  describeBackup,
  describeRestore,
  describeSnapshots,
  problemsOfBackup,
  problemsOfRestore,
} from './summary'
import { listSnapshots, targetAt } from './target'

interface Outcome {
  text: string
  json: unknown
  /** What the person must know of; with any, the exit code is 1. */
  problems: readonly string[]
}

interface CommandLine {
  usage: string
  /** Null when help is asked for. @throws {UsageError} */
  parse(
    argv: readonly string[],
  ): { json: boolean; run(progress: Progress): Promise<Outcome> } | null
  onDiskFull: string
}

const commands: Readonly<Record<string, CommandLine>> = {
  backup: {
    usage: backupUsage,
    parse(argv) {
      const options = parseBackup(argv)
      return options && { json: options.json, run: (progress) => backUp(options, progress) }
    },
    onDiskFull:
      'The target is full. Its earlier snapshots are whole, and what was copied now is not copied again: make room, for example with --keep N --prune-only, and run this again.',
  },
  restore: {
    usage: restoreUsage,
    parse(argv) {
      const options = parseRestore(argv)
      return options && { json: options.json, run: (progress) => restore(options, progress) }
    },
    onDiskFull:
      'The disk is full. Make room and run the same command again: it goes on where it was.',
  },
}

async function backUp(
  options: NonNullable<ReturnType<typeof parseBackup>>,
  progress: Progress,
): Promise<Outcome> {
  const summary = await runBackup(configWith(options.settings), options, progress)
  return { text: describeBackup(summary), json: summary, problems: problemsOfBackup(summary) }
}

async function restore(options: RestoreOptions, progress: Progress): Promise<Outcome> {
  const { to } = options
  if (to === null) {
    const snapshots = listSnapshots(targetAt(options.target))
    return { text: describeSnapshots(snapshots), json: snapshots, problems: [] }
  }
  const summary = await runRestore({ ...options, to }, progress)
  return { text: describeRestore(summary), json: summary, problems: problemsOfRestore(summary) }
}

async function main([name = '', ...argv]: readonly string[]): Promise<number> {
  const command = commands[name]!
  try {
    const parsed = command.parse(argv)
    if (parsed === null) {
      process.stdout.write(command.usage)
      return 0
    }
    const { text, json, problems } = await parsed.run(new Progress(process.stderr))
    process.stdout.write(parsed.json ? `${JSON.stringify(json, null, 2)}\n` : text)
    for (const problem of problems) complain(name, problem)
    return problems.length === 0 ? 0 : 1
  } catch (error) {
    complain(name, describe(error, command))
    return error instanceof UsageError ? 2 : 1
  }
}

function complain(name: string, sentence: string): void {
  process.stderr.write(`${name}: ${sentence}\n`)
}

function describe(error: unknown, { onDiskFull }: CommandLine): string {
  if (isDiskFull(error)) return onDiskFull
  if (error instanceof Failure || error instanceof UsageError) return error.message
  if (isAppError(error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

// Whoever reads may stop reading, as `head` does.
process.stdout.once('error', () => process.exit())

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
