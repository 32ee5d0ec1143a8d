import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { identify, isAlive, type ProcessIdentity } from '../cluster/process-identity'
import { codeOf, Failure } from './failure'

/** One backup at a time works in a directory: another might prune what this one counts on. */
export class TargetLock {
  private constructor(
    private readonly path: string,
    private readonly text: string,
  ) {}

  /** Takes over from a process that is dead. @throws {Failure} when one is at work, or might be. */
  static take(path: string): TargetLock {
    const text = JSON.stringify(identify(process.pid))
    for (let attempt = 0; attempt < 2; attempt++) {
      if (tryWrite(path, text)) return new TargetLock(path, text)
      const holder = holderOf(path)
      if (holder !== null && isAlive(holder) !== false) throw taken(path, holder)
      rmSync(path, { force: true })
    }
    throw new Failure(`Another run has just taken ${path}: wait until it is over.`)
  }

  /** To be asked before what another run might suffer from. @throws {Failure} when another has taken over. */
  requireOurs(): void {
    if (readText(this.path) === this.text) return
    throw new Failure(
      `Another run has taken ${this.path}: this one ends, and changed nothing there.`,
    )
  }

  release(): void {
    if (readText(this.path) === this.text) rmSync(this.path, { force: true })
  }
}

function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Null when it is gone, or when a crash left it unreadable. */
function holderOf(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
  } catch {
    return null
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function taken(path: string, { pid, host }: ProcessIdentity): Failure {
  return new Failure(
    `Process ${pid} of ${host} works in that directory. Wait until it is over; if there is no such process, delete ${path} and run this again.`,
  )
}
