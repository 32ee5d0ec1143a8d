import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const fileName = 'reserve'
// Between two looks at whether there is room for it again.
const renewalIntervalMs = 1000
const chunkBytes = 1024 * 1024

/**
 * Space that is taken while there is enough, to be given back when the disk is full: without it not even a deletion
 * could be recorded, and a full disk would stay full.
 */
export class SpaceReserve {
  private readonly path: string
  private isThere: boolean
  private lookedAtMs = -Infinity

  constructor(
    private readonly directory: string,
    private readonly sizeBytes: number,
  ) {
    this.path = join(directory, fileName)
    this.isThere = this.isComplete()
  }

  /** Whether it is there; made again when there is room for it and as much beside it. */
  ready(): boolean {
    if (this.sizeBytes === 0 || this.isThere) return true
    if (performance.now() - this.lookedAtMs < renewalIntervalMs) return false
    this.lookedAtMs = performance.now()
    if (this.hasRoom()) this.make()
    return this.isThere
  }

  /** @returns whether there was something to give back. */
  release(): boolean {
    const wasThere = this.isThere && this.sizeBytes > 0
    this.remove()
    this.lookedAtMs = performance.now()
    return wasThere
  }

  private hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(this.directory)
    return bavail * bsize >= 2 * this.sizeBytes
  }

  /** Of random bytes: a file system that compresses would keep no space for zeros. */
  private make(): void {
    try {
      const fd = openSync(this.path, 'w', 0o600)
      try {
        const chunk = randomFillSync(Buffer.allocUnsafe(Math.min(chunkBytes, this.sizeBytes)))
        for (let done = 0; done < this.sizeBytes;)
          done += writeSync(fd, chunk, 0, Math.min(chunk.length, this.sizeBytes - done))
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
      this.isThere = true
    } catch {
      // No room after all: half a reserve would only be in the way.
      this.remove()
    }
  }

  private isComplete(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.size === this.sizeBytes
  }

  private remove(): void {
    rmSync(this.path, { force: true })
    this.isThere = false
  }
}
