import { createHash, randomBytes } from 'node:crypto'
import { constants, statSync } from 'node:fs'
import { link, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BlobDirectories, makeDirectory, syncDirectory } from '../blobs/disk/directories'
import { codeOf } from './failure'

export interface Hashed {
  sha256: string
  sizeBytes: number
}

const chunkBytes = 1024 * 1024
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW

/**
 * Contents named by their digests, outside a running service: a backup's, or those of a data directory being restored.
 * A name is given to a content only after it was read as a whole and is on the disk.
 */
export class ContentStore {
  private readonly directories: BlobDirectories
  private readonly unsynced = new Set<string>()

  constructor(private readonly paths: { blobs: string; drafts: string }) {
    this.directories = new BlobDirectories(paths.blobs)
  }

  async prepare(): Promise<void> {
    await this.directories.prepare()
    await makeDirectory(this.paths.drafts)
  }

  pathOf(sha256: string): string {
    return join(this.paths.blobs, this.directories.locate(sha256))
  }

  /** Null when it is not there. */
  sizeOf(sha256: string): number | null {
    return statSync(this.pathOf(sha256), { throwIfNoEntry: false })?.size ?? null
  }

  /** @returns false, and keeps nothing, when what is at `from` is not of that digest. */
  async add(from: string, sha256: string): Promise<boolean> {
    const draft = join(this.paths.drafts, randomBytes(16).toString('hex'))
    try {
      const copied = await copyDurably(from, draft)
      if (copied.sha256 !== sha256) return await unlink(draft).then(() => false)
      await rename(draft, this.pathOf(sha256))
    } catch (error) {
      await unlink(draft).catch(() => undefined)
      throw error
    }
    this.unsynced.add(dirname(this.pathOf(sha256)))
    return true
  }

  /** Gives the content at `from` a second name here. @returns false, and does not, when it has not that size. */
  async link(from: string, sha256: string, sizeBytes: number): Promise<boolean> {
    if ((await stat(from)).size !== sizeBytes) return false
    try {
      await link(from, this.pathOf(sha256))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      await unlink(this.pathOf(sha256))
      await link(from, this.pathOf(sha256))
    }
    this.unsynced.add(dirname(this.pathOf(sha256)))
    return true
  }

  async remove(sha256: string): Promise<void> {
    await unlink(this.pathOf(sha256))
  }

  /** The digests of all. Throws on any read error. */
  list(): AsyncIterable<string> {
    return this.directories.list()
  }

  /** Makes the names that were given durable. */
  async sync(): Promise<void> {
    for (const directory of this.unsynced) await syncDirectory(directory)
    this.unsynced.clear()
  }
}

export async function hashFile(path: string): Promise<Hashed> {
  const source = await open(path, readOnly)
  try {
    return await readThrough(source, () => Promise.resolve())
  } finally {
    await source.close()
  }
}

/** Makes a new file with the bytes of another, on the disk when it resolves. */
export async function copyDurably(from: string, to: string): Promise<Hashed> {
  const source = await open(from, readOnly)
  try {
    const copy = await open(to, 'wx', 0o600)
    try {
      const hashed = await readThrough(source, (chunk) => copy.appendFile(chunk))
      await copy.datasync()
      return hashed
    } finally {
      await copy.close()
    }
  } finally {
    await source.close()
  }
}

async function readThrough(
  source: FileHandle,
  take: (chunk: Buffer) => Promise<void>,
): Promise<Hashed> {
  const hash = createHash('sha256')
  const { size } = await source.stat()
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(size, 1)))
  let sizeBytes = 0
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, sizeBytes)
    if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes }
    const chunk = buffer.subarray(0, bytesRead)
    const taken = take(chunk)
    hash.update(chunk)
    await taken
    sizeBytes += bytesRead
  }
}
