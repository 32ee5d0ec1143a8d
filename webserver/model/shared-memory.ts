import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { AppError } from '../domain/errors'
import type { SharedRegion } from '../domain/shared-memory'

// Linux keeps shared memory objects as files there (shm_overview(7)); `sem.` begins the names of semaphores.
const directory = '/dev/shm'
const keyPattern = /^\/?(?!sem\.)([A-Za-z0-9_][A-Za-z0-9._-]{0,199})$/
const openFlags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Opens the object of a region for as long as `use` takes.
 * @throws {AppError} `invalid` when it is not to be had, or no longer holds the region; what `use` throws.
 */
export function withRegion<T>(region: SharedRegion, use: (fd: number) => T): T {
  const fd = openObject(region)
  try {
    requireRoom(fd, region)
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

function openObject({ name, key }: SharedRegion): number {
  const object = keyPattern.exec(key)?.[1]
  if (object === undefined)
    throw new AppError('invalid', `the key of shared memory region '${name}' is not a plain name`)
  try {
    return openSync(`${directory}/${object}`, openFlags)
  } catch (cause) {
    const message = `Unable to open shared memory region: '${name}'`
    throw new AppError('invalid', message, { cause })
  }
}

function requireRoom(fd: number, { name, offsetBytes, sizeBytes }: SharedRegion): void {
  const found = fstatSync(fd)
  if (!found.isFile())
    throw new AppError('invalid', `shared memory region '${name}' is no shared memory`)
  if (offsetBytes + sizeBytes > found.size)
    throw new AppError(
      'invalid',
      `shared memory region '${name}' ends at byte ${offsetBytes + sizeBytes}, its object has ${found.size}`,
    )
}

export function unknownRegion(name: string): AppError {
  return new AppError('not_found', `Unable to find system shared memory region: '${name}'`)
}

export function sharedMemoryIsOff(): AppError {
  return new AppError('unsupported', 'system shared memory is switched off')
}

/** Replaces the list whole: whoever reads it sees the old one or the new one. */
export function writeRegions(path: string, regions: readonly SharedRegion[]): void {
  const draft = `${path}.new`
  writeFileSync(draft, JSON.stringify(regions), { mode: 0o600 })
  renameSync(draft, path)
}

/** What `writeRegions` wrote last; none before. */
export function readRegions(path: string): readonly SharedRegion[] {
  if (!existsSync(path)) return []
  return JSON.parse(readFileSync(path, 'utf8')) as readonly SharedRegion[]
}
