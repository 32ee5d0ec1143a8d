import { statfs } from 'node:fs/promises'
import { AppError } from '../../domain/errors'

/**
 * Resolves when the disks have room for so many bytes more. `isFresh` asks them anew.
 * @throws {AppError} `storage_full`.
 */
export type RequireSpace = (bytes: number, isFresh?: boolean) => Promise<void>

// How old a figure may be: asking the kernel for each of many small uploads would cost more than it tells.
const figureAgeMaxMs = 1000
// What a draft may write before it asks again.
const checkEveryBytes = 8 * 1024 * 1024

/**
 * Keeps `freeBytesMin` of the file systems of these directories free: what grows is refused before they are full, and
 * what frees space never asks. Each process has figures of its own, so that all together may go below by what they
 * take in within a second and between two checks of a draft.
 */
export function spaceKeeper(directories: readonly string[], freeBytesMin: number): RequireSpace {
  let askedAtMs = -Infinity
  let figure: Promise<number> = Promise.resolve(Infinity)
  return async (bytes, isFresh = false) => {
    if (freeBytesMin === 0) return
    if (isFresh || performance.now() - askedAtMs > figureAgeMaxMs) {
      askedAtMs = performance.now()
      figure = leastFreeOf(directories)
    }
    if ((await figure) - bytes >= freeBytesMin) return
    throw new AppError('storage_full', 'The disk of the service has no room for this')
  }
}

/** Has a draft ask for space now and then while it is written. */
export function watched<T extends { write(chunk: Buffer): Promise<void> }>(
  draft: T,
  requireSpace: RequireSpace,
): T {
  const write = draft.write.bind(draft)
  let uncheckedBytes = 0
  draft.write = async (chunk) => {
    uncheckedBytes += chunk.length
    if (uncheckedBytes >= checkEveryBytes) {
      uncheckedBytes = 0
      await requireSpace(0, true)
    }
    await write(chunk)
  }
  return draft
}

async function leastFreeOf(directories: readonly string[]): Promise<number> {
  const free = await Promise.all(directories.map(freeBytesOf))
  return Math.min(...free)
}

/** What the service may still write there: blocks that are kept for root are not free to it. */
async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
