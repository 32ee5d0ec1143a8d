import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const installTimeoutMs = 300_000

/**
 * A Python with the packages of a requirements file, in a directory of its own below the user's cache; made the first
 * time, kept for the next, and made anew when the file or Python's version changes. Deleting it does no harm.
 * @returns the interpreter. @throws {Error} one sentence, when there is no Python or the packages cannot be had.
 */
export function preparePython(requirementsFile: string, say: (line: string) => void): string {
  const version = run('python3', ['--version'])
  const wanted = `${version}\n${readFileSync(requirementsFile, 'utf8')}`
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  const directory = join(homedir(), '.cache', 'gristmill', `python-${name}`)
  const python = join(directory, 'bin', 'python')
  const stamp = join(directory, '.complete')
  if (existsSync(stamp)) return python
  say(`python: installing ${requirementsFile} into ${directory}`)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(dirname(directory), { recursive: true })
  run('python3', ['-m', 'venv', directory])
  run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', '-r', requirementsFile])
  writeFileSync(stamp, wanted)
  return python
}

function run(command: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: installTimeoutMs,
  })
  if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`)
  if (status === 0) return stdout.trim()
  const reason = stderr.trim().split('\n').at(-1) ?? ''
  throw new Error(`"${[command, ...args].join(' ')}" failed: ${reason}`)
}
