import { createHash } from 'node:crypto'
import { link, stat, unlink, type FileHandle } from 'node:fs/promises'
import type { BlobDraft } from '../../domain/blob-store'
import { AppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { BlobDirectories } from './directories'
import { codeOf, onDisk } from './disk-errors'

export interface DraftFile {
  handle: FileHandle
  path: string
}

export class DiskDraft implements BlobDraft {
  private readonly hash = createHash('sha256')
  private sizeBytes = 0
  private sha256 = ''
  private open = true

  constructor(
    private readonly file: DraftFile,
    private readonly store: { root: string; directories: BlobDirectories },
    private readonly timing: Timing,
  ) {}

  /** Hashes while the kernel takes the bytes. */
  async write(chunk: Buffer): Promise<void> {
    const writing = onDisk(() => writeWhole(this.file.handle, chunk, this.sizeBytes))
    const hashedAt = this.timing.now()
    this.hash.update(chunk)
    this.timing.end('hash', hashedAt)
    const startedAt = this.timing.now()
    await writing
    this.timing.end('write', startedAt)
    this.sizeBytes += chunk.length
  }

  /** After a failed fdatasync the kernel may have dropped the bytes and forgotten the error: it is never repeated. */
  async seal(): Promise<{ sha256: string; sizeBytes: number }> {
    const startedAt = this.timing.now()
    await onDisk(() => this.file.handle.datasync())
    await onDisk(() => this.close())
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
    await this.close().catch(() => undefined)
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

  private async close(): Promise<void> {
    if (!this.open) return
    this.open = false
    await this.file.handle.close()
  }
}

/** The kernel may take less than it is given, above all when the disk is nearly full. */
async function writeWhole(handle: FileHandle, chunk: Buffer, positionBytes: number): Promise<void> {
  let done = 0
  while (done < chunk.length) {
    const rest = chunk.length - done
    const { bytesWritten } = await handle.write(chunk, done, rest, positionBytes + done)
    done += bytesWritten
  }
}
