import { closeSync, constants, fsync, open as openCallback } from 'node:fs'
import { lstat, mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { StoredBlob } from '../../domain/blob-store'
import { codeOf } from './disk-errors'

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY
const openFile = promisify(openCallback)
const syncFile = promisify(fsync)

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, directoryFlags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a directory and its parents for the owner's eyes only, so that they survive power loss. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = directory; made !== dirname(first); made = dirname(made))
    await syncDirectory(dirname(made))
}

/** A directory that stays open once it was synced: opening and closing it are two trips to another thread each time. */
class SyncedDirectory {
  private fd: number | undefined
  private running = Promise.resolve()
  private waiting: Promise<void> | undefined

  constructor(private readonly path: string) {}

  /** All who ask before a sync begins share it. One that runs already may have begun before the caller's name was there. */
  sync(): Promise<void> {
    this.waiting ??= this.running.then(() => this.begin())
    return this.waiting
  }

  async close(): Promise<void> {
    await this.running
    if (this.fd !== undefined) closeSync(this.fd)
  }

  private begin(): Promise<void> {
    this.waiting = undefined
    const syncing = this.syncNow()
    this.running = syncing.catch(() => undefined)
    return syncing
  }

  /** A descriptor whose sync failed is not used again: it may report success for what it has lost. */
  private async syncNow(): Promise<void> {
    const fd = this.fd ?? (await openFile(this.path, directoryFlags))
    this.fd = undefined
    try {
      await syncFile(fd)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    this.fd = fd
  }
}

/** The 256 directories below the store's root, `00` to `ff` by the beginning of the digest, all made at the start. */
export class BlobDirectories {
  private readonly synced = new Map<string, SyncedDirectory>()

  constructor(private readonly root: string) {}

  /** Syncs the root in any case: another process that made a directory may not have come so far. */
  async prepare(): Promise<void> {
    await makeDirectory(this.root)
    const present = new Set(await readdir(this.root))
    const missing = directoryNames().filter((name) => !present.has(name))
    for (const name of missing) await makeUnlessThere(join(this.root, name))
    await syncDirectory(this.root)
  }

  /** `ab/<sha256>` */
  locate(sha256: string): string {
    return `${sha256.slice(0, 2)}/${sha256}`
  }

  /** Makes the blob's name durable. */
  sync(sha256: string): Promise<void> {
    const name = dirname(this.locate(sha256))
    let directory = this.synced.get(name)
    if (directory === undefined) {
      directory = new SyncedDirectory(join(this.root, name))
      this.synced.set(name, directory)
    }
    return directory.sync()
  }

  async close(): Promise<void> {
    await Promise.all([...this.synced.values()].map((directory) => directory.close()))
  }

  /** All that lies in the directories of blobs, in order of name. Throws on any read error. */
  async *inspect(after: string): AsyncGenerator<StoredBlob> {
    for (const directory of (await readdir(this.root)).sort()) {
      if (directory < after.slice(0, 2)) continue
      const path = join(this.root, directory)
      for (const name of (await readdir(path)).sort()) {
        const found = name > after ? await inspectBlob(path, name) : null
        if (found !== null) yield found
      }
    }
  }

  /** The names of all blobs. Throws on any read error. */
  async *list(): AsyncGenerator<string> {
    for (const name of await readdir(this.root)) yield* await readdir(join(this.root, name))
  }
}

/** Null when it was removed since it was listed. */
async function inspectBlob(directory: string, name: string): Promise<StoredBlob | null> {
  try {
    const stats = await lstat(join(directory, name))
    const changedAtMs = Math.max(stats.mtimeMs, stats.ctimeMs)
    return { name, isFile: stats.isFile(), sizeBytes: stats.size, changedAtMs }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function directoryNames(): string[] {
  return Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
}

async function makeUnlessThere(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
