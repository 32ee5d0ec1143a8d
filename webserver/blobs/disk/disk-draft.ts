import { createHash } from 'node:crypto'
import { closeSync, fdatasync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { BlobDraft } from '../../domain/blob-store'
import type { Timing } from '../../domain/timing'
import { onDisk } from './disk-errors'
import { publish, type BlobPlace } from './publish'
import { writeWhole } from './write-whole'

export interface DraftFile {
  fd: number
  path: string
}

// A number is used rather than a FileHandle, whose close is one trip to another thread more for each upload.
const dataSync = promisify(fdatasync)

export class DiskDraft implements BlobDraft {
  private readonly hash = createHash('sha256')
  private sizeBytes = 0
  private sha256 = ''
  private open = true
  /** What another thread does with the descriptor: it must not be closed meanwhile, since its number may come again. */
  private working: Promise<void> = Promise.resolve()

  constructor(
    private readonly file: DraftFile,
    private readonly store: BlobPlace,
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
    const { sha256, sizeBytes } = this
    const published = await publish(this.file.path, { sha256, sizeBytes }, this.store)
    this.timing.end('fsync', startedAt)
    return published
  }

  async discard(): Promise<void> {
    await this.working.catch(() => undefined)
    this.close()
    await unlink(this.file.path).catch(() => undefined)
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
