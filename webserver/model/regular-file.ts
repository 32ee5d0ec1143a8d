import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** What was found is a pipe, a device or a directory: reading it might wait for ever, or never end. */
export class NotAFileError extends Error {}

// A pipe is opened at once, so that it can be seen to be one.
const readWithoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK

/** @throws {NotAFileError}, or what `open` throws. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, readWithoutWaiting)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new NotAFileError('not a file')
}

/** As `openRegularFile`, for where nothing else is to be done meanwhile. @returns the descriptor. */
export function openRegularFileSync(path: string): number {
  const fd = openSync(path, readWithoutWaiting)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new NotAFileError('not a file')
}
