import { closeSync, openSync, rmdirSync, rmSync } from 'node:fs'
import { lock } from 'proper-lockfile'
import type { Paths } from '../config/paths'
import type { Logger } from '../platform/logger'
import type { Owner, OwnerRecord } from './owner-record'
import { isAlive } from './process-identity'
import { StartError } from './start-error'

// A lock whose owner cannot be asked (another machine, another container) counts as left behind after this long.
const staleMs = 10_000

export interface DataLock {
  /** Who had the directory before and did not stop cleanly. */
  previous: Owner | null
  release(): Promise<void>
}

export interface DataLockOptions {
  paths: Paths
  owner: OwnerRecord
  log: Logger
  /** Another server has taken the directory: this one must stop at once. */
  onLost(): void
}

/**
 * One primary per data directory. The lock's own sign of life is a file time that a busy or stopped process does not
 * renew, so the owner's process is asked first: alive, the directory is taken; dead, its lock is cleared without a wait.
 * @throws {StartError} when another server has it.
 */
export async function lockDataDirectory(options: DataLockOptions): Promise<DataLock> {
  const { paths, owner } = options
  const previous = owner.read()
  const alive = previous === null ? null : isAlive(previous.primary)
  if (alive === true) throw taken(paths, previous?.primary.pid)
  const claim = async () => {
    const release = await acquire(options)
    owner.claim()
    return { previous, release }
  }
  return alive === false ? clearing(options, claim) : claim()
}

/**
 * Of two starts that find the same dead owner only one may clear its lock, or it would clear the other's new one: it
 * holds the guard until its own claim is written, and looks again once it has it.
 */
async function clearing<T>({ paths, owner }: DataLockOptions, claim: () => Promise<T>): Promise<T> {
  const guard = `${paths.lock}.clearing`
  if (!tryMake(guard)) return claim()
  try {
    const holder = owner.read()
    if (holder !== null && isAlive(holder.primary) === false) removeLock(paths.lock)
    return await claim()
  } finally {
    rmSync(guard, { force: true })
  }
}

async function acquire(options: DataLockOptions): Promise<() => Promise<void>> {
  const { paths, owner, log, onLost } = options
  let release: () => Promise<void>
  const onCompromised = (error: Error) => {
    log.warn({ err: error }, 'the lock of the data directory was not renewed in time')
    if (!owner.isOurs()) onLost()
    else void acquire(options).then((renewed) => (release = renewed), onLost)
  }
  try {
    const lockfilePath = paths.lock
    release = await lock(paths.data, { lockfilePath, stale: staleMs, onCompromised })
    return () => release()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ELOCKED' ? taken(paths) : error
  }
}

/**
 * Keeps every server off the data directory while something else works on it that must be alone. The record of who ran
 * on it last stays, for the next start to read.
 * @throws {StartError} when a server has it.
 */
export async function lockStopped(paths: Paths): Promise<() => Promise<void>> {
  try {
    return await lock(paths.data, { lockfilePath: paths.lock, stale: staleMs })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ELOCKED' ? taken(paths) : error
  }
}

function tryMake(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'))
    return true
  } catch {
    return false
  }
}

function removeLock(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function taken(paths: Paths, pid?: number): StartError {
  const who = pid === undefined ? '' : ` (process ${pid})`
  return new StartError(
    `Another server${who} is running on the data directory ${paths.data}; stop it, or choose another with --data-directory.`,
  )
}
