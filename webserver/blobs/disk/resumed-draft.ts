import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, open, rename, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ResumedDraft } from '../../domain/blob-store'
import { AppError } from '../../domain/errors'
import { syncDirectory } from './directories'
import { codeOf, nullIfAbsent, onDisk } from './disk-errors'
import { writeWhole } from './write-whole'

const { O_CREAT, O_WRONLY, O_NOFOLLOW } = constants

/** As `BlobStore.openDraft` says. */
export async function openResumedDraft(
  path: string,
  { offsetBytes, apart }: { offsetBytes: number; apart: boolean },
): Promise<ResumedDraft> {
  if (apart || (await isBlobToo(path))) await onDisk(() => takePlace(path, offsetBytes))
  const flags = O_WRONLY | O_NOFOLLOW | (offsetBytes === 0 ? O_CREAT : 0)
  const handle = await onDisk(() => openAt(path, flags))
  try {
    await onDisk(() => cutAt(handle, offsetBytes))
    // Its name must be as durable as the offset that will be recorded.
    if (offsetBytes === 0) await onDisk(() => syncDirectory(dirname(path)))
    return new DiskResumedDraft(handle, offsetBytes)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Whether a request that ended before its commit gave these very bytes a name among the blobs: those never change. */
async function isBlobToo(path: string): Promise<boolean> {
  const found = await onDisk(() => stat(path).catch(nullIfAbsent))
  return found !== null && found.nlink > 1
}

async function openAt(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw lost()
    throw error
  }
}

async function cutAt(handle: FileHandle, offsetBytes: number): Promise<void> {
  const { size } = await handle.stat()
  if (size < offsetBytes) throw lost()
  if (size > offsetBytes) await handle.truncate(offsetBytes)
}

/** Whoever has the old file open writes into one that has no name any more. */
async function takePlace(path: string, offsetBytes: number): Promise<void> {
  const copy = `${path}.${randomBytes(6).toString('hex')}`
  if (offsetBytes === 0) await (await open(copy, 'wx', 0o600)).close()
  else await copyFile(path, copy, constants.COPYFILE_EXCL)
  const handle = await open(copy, O_WRONLY)
  try {
    await cutAt(handle, offsetBytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(copy, path)
  await syncDirectory(dirname(path))
}

function lost(): AppError {
  return new AppError('gone', 'The bytes of this upload are lost: begin it anew')
}

class DiskResumedDraft implements ResumedDraft {
  private readonly open: FileHandle
  private working: Promise<void> = Promise.resolve()

  constructor(
    handle: FileHandle,
    private endBytes: number,
  ) {
    this.open = handle
  }

  async write(chunk: Buffer): Promise<void> {
    const at = this.endBytes
    this.endBytes += chunk.length
    this.working = onDisk(() => writeWhole(this.open.fd, chunk, at))
    await this.working
  }

  /** An error is never retried: the kernel may have dropped the bytes and forgotten it. */
  async flush(): Promise<void> {
    this.working = onDisk(() => this.open.datasync())
    await this.working
  }

  /** The descriptor must not be closed while another thread uses it, since its number may come again. */
  async close(): Promise<void> {
    await this.working.catch(() => undefined)
    await this.open.close().catch(() => undefined)
  }
}
