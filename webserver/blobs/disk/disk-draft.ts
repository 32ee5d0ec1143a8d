import { createHash } from 'node:crypto'
import { closeSync, fdatasync, write } from 'node:fs'
import { link, stat, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { BlobDraft } from '../../domain/blob-store'
import { AppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { BlobDirectories } from './directories'
import { codeOf, onDisk } from './disk-errors'

export interface DraftFile {
  fd: number
  path: string
}

// A number is used rather than a FileHandle, whose close is one trip to another thread more for each upload.
const dataSync = promisify(fdatasync)
const writeAt = promisify(write)

export class DiskDraft implements BlobDraft {
  private readonly hash = createHash('sha256')
  private sizeBytes = 0
  private sha256 = ''
  private open = true
  /** What another thread does with the descriptor: it must not be closed meanwhile, since its number may come again. */
  private working: Promise<void> = Promise.resolve()

  constructor(
    private readonly file: DraftFile,
    private readonly store: { root: string; directories: BlobDirectories },
    private readonly timing: Timing,
  ) {}

  /** Hashes while the kernel takes the bytes. */
  async write(chunk: Buffer): Promise<void> {
    this.working = onDisk(() => writeWhole(this.file.fd, chunk, this.sizeBytes))
    const hashedAt = this.timing.now()
    this.hash.update(chunk)
    this.timing.end('hash', hashedAt)
    const startedAt = this.timing.now()
    await this.working
    this.timing.end('write', startedAt)
    this.sizeBytes += chunk.length
  }

  /** After a failed fdatasync the kernel may have dropped the bytes and forgotten the error: it is never repeated. */
  async seal(): Promise<{ sha256: string; sizeBytes: number }> {
    const startedAt = this.timing.now()
    this.working = onDisk(() => dataSync(this.file.fd))
    await this.working
    this.close()
    this.timing.end('fsync', startedAt)
    this.sha256 = this.hash.digest('hex')
    return { sha256: this.sha256, sizeBytes: this.sizeBytes }
  }

  /** A name that is already there is made durable too: whoever made it may not have come so far. */
  async publish(): Promise<{ linked: boolean }> {
    const startedAt = this.timing.now()
    const linked = await onDisk(() => this.link())
    await onDisk(() => this.store.directories.sync(this.sha256))
    this.timing.end('fsync', startedAt)
    return { linked }
  }

  async discard(): Promise<void> {
    await this.working.catch(() => undefined)
    this.close()
    await unlink(this.file.path).catch(() => undefined)
  }

  /** Linking, other than renaming, never replaces a blob. */
  private async link(): Promise<boolean> {
    const { root, directories } = this.store
    const path = `${root}/${directories.locate(this.sha256)}`
    for (;;) {
      try {
        await link(this.file.path, path)
        return true
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
        if (await this.isAt(path)) return false
      }
    }
  }

  /** False when the blob was swept in this moment. */
  private async isAt(path: string): Promise<boolean> {
    try {
      const { size } = await stat(path)
      if (size === this.sizeBytes) return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    throw new AppError('internal', 'The stored content of the same digest is damaged')
  }

  /** What is durable already, or not wanted: its close has nothing to wait for, and nothing to tell. */
  private close(): void {
    if (!this.open) return
    this.open = false
    try {
      closeSync(this.file.fd)
    } catch {
      return
    }
  }
}

/** The kernel may take less than it is given, above all when the disk is nearly full. */
async function writeWhole(fd: number, chunk: Buffer, positionBytes: number): Promise<void> {
  let done = 0
  while (done < chunk.length) {
    const rest = chunk.length - done
    const { bytesWritten } = await writeAt(fd, chunk, done, rest, positionBytes + done)
    done += bytesWritten
  }
}
