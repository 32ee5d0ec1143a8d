import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const chunk = Buffer.alloc(64 * 1024, 1)

/** A file system of its own, in memory, that can be filled to the last byte. Making one takes root. */
export class SmallDisk {
  private constructor(readonly directory: string) {}

  static mount(sizeBytes: number): SmallDisk {
    const directory = mkdtempSync(join(tmpdir(), 'gristmill-disk-'))
    const options = `size=${sizeBytes},mode=0700`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory])
    return new SmallDisk(directory)
  }

  static get isPossible(): boolean {
    return process.getuid?.() === 0
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory)
    return bavail * bsize
  }

  /** Takes all that is left. */
  fill(): void {
    const fd = openSync(this.filler, 'a')
    try {
      for (;;) writeSync(fd, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(fd)
    }
  }

  /** Gives back what `fill` took. */
  empty(): void {
    rmSync(this.filler, { force: true })
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.directory])
    rmdirSync(this.directory)
  }

  private get filler(): string {
    return join(this.directory, 'filler')
  }
}
