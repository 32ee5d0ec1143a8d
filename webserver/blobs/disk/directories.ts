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

/**
 * The two levels of directories below the store's root: `ab/cd` for the blob abcd…. The upper 256 are made at the start,
 * the lower ones when the first blob needs them.
 */
export class BlobDirectories {
  /** Lower directories whose own names this process has made durable; at most 65 536. */
  private readonly durable = new Set<string>()

  constructor(private readonly root: string) {}

  async prepare(): Promise<void> {
    await makeDirectory(this.root)
    const present = new Set(await readdir(this.root))
    const missing = upperNames().filter((name) => !present.has(name))
    if (missing.length === 0) return
    for (const name of missing) await makeUnlessThere(join(this.root, name))
    await syncDirectory(this.root)
  }

  /** `ab/cd/<sha256>` */
  locate(sha256: string): string {
    return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
  }

  async makeFor(sha256: string): Promise<void> {
    await makeUnlessThere(dirname(join(this.root, this.locate(sha256))))
  }

  /**
   * Makes the blob's name durable, whoever made it. That another process made the directory does not tell that the
   * directory's name is durable yet, so each process sees to that once.
   */
  async sync(sha256: string): Promise<void> {
    const lower = dirname(join(this.root, this.locate(sha256)))
    if (this.durable.has(lower)) return syncDirectory(lower)
    await Promise.all([syncDirectory(lower), syncDirectory(dirname(lower))])
    this.durable.add(lower)
  }

  /** The names of all blobs. Throws on any read error. */
  async *list(): AsyncGenerator<string> {
    for (const upper of await readdir(this.root))
      for (const lower of await readdir(join(this.root, upper)))
        yield* await readdir(join(this.root, upper, lower))
  }
}

function upperNames(): string[] {
  return Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
}

async function makeUnlessThere(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}
