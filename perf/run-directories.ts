import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ignoring } from './system-errors'

const runName = /^[1-9]\d{0,8}$/

/** The numbers of the runs in a directory, ascending; none where it does not exist. */
export function runNumbers(directory: string): number[] {
  const names = ignoring(['ENOENT'], () => readdirSync(directory)) ?? []
  return names
    .filter((name) => runName.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/**
 * Makes the directory of the next run and returns its number. Any number of starts may do so at once, each gets a number of
 * its own: the directory's creation decides. A number never comes back, even when its directory was deleted.
 */
export function allocateRun(directory: string): number {
  mkdirSync(directory, { recursive: true })
  for (let number = highest(directory) + 1; ; number++) {
    const made = ignoring(['EEXIST'], () => {
      mkdirSync(join(directory, String(number)))
      return true
    })
    if (!made) continue
    rememberHighest(directory)
    pointLatestAt(directory, number)
    return number
  }
}

function highest(directory: string): number {
  return Math.max(remembered(directory), runNumbers(directory).at(-1) ?? 0)
}

function remembered(directory: string): number {
  const text = ignoring(['ENOENT'], () => readFileSync(join(directory, '.last'), 'utf8'))
  return runName.test(text?.trim() ?? '') ? Number(text) : 0
}

/** Two starts may write in the wrong order; whoever wrote last looks again and sees the other's directory. */
function rememberHighest(directory: string): void {
  for (let number = highest(directory); remembered(directory) < number;) {
    writeWhole(join(directory, '.last'), `${number}\n`)
    number = highest(directory)
  }
}

function pointLatestAt(directory: string, number: number): void {
  const temporary = join(directory, `.latest.${process.pid}`)
  rmSync(temporary, { force: true })
  symlinkSync(String(number), temporary)
  renameSync(temporary, join(directory, 'latest'))
}

/** Writes a file so that a reader sees the old one or the new one, whole. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, text, { mode: 0o640 })
  renameSync(temporary, path)
}
