import { accessSync, chmodSync, constants, mkdirSync, rmSync } from 'node:fs'
import type { Paths } from '../config/paths'
import { StartError } from './start-error'

/**
 * Makes the data directory, for its owner's eyes only.
 * @throws {StartError} when it cannot be made or written.
 */
export function prepareDataDirectory({ data }: Paths): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 })
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unwritable(data, error)
  }
}

/** Empties the run directory: whoever left something there is gone. The data directory must be locked. */
export function prepareRunDirectory({ run }: Paths): void {
  try {
    rmSync(run, { recursive: true, force: true })
    mkdirSync(run, { recursive: true, mode: 0o700 })
    chmodSync(run, 0o700)
  } catch (error) {
    throw unwritable(run, error)
  }
}

function unwritable(directory: string, cause: unknown): StartError {
  const { code } = cause as NodeJS.ErrnoException
  return new StartError(
    `The data directory ${directory} cannot be made or written (${code ?? 'unknown error'}).`,
    { cause },
  )
}
