import { constants } from 'node:fs'
import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from './disk-errors'

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
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

/** The 256 directories below the store's root, `00` to `ff` by the beginning of the digest, all made at the start. */
export class BlobDirectories {
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
    return syncDirectory(dirname(join(this.root, this.locate(sha256))))
  }

  /** The names of all blobs. Throws on any read error. */
  async *list(): AsyncGenerator<string> {
    for (const name of await readdir(this.root)) yield* await readdir(join(this.root, name))
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
