import { constants } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from '../blobs/disk/directories'

/** Writes a file as a whole: after a crash there is none, the one before, or this. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncDirectory(dirname(path))
}

export async function makeEmptyDirectory(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}

/** Collects lines in a file; they are on the disk when `end` resolves. */
export class LineFile {
  private lines: string[] = []
  private readonly batchMax = 1000

  private constructor(private readonly file: Awaited<ReturnType<typeof open>>) {}

  static async create(path: string): Promise<LineFile> {
    const flags = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY
    return new LineFile(await open(path, flags, 0o600))
  }

  async add(line: string): Promise<void> {
    this.lines.push(`${line}\n`)
    if (this.lines.length >= this.batchMax) await this.flush()
  }

  async end(): Promise<void> {
    await this.flush()
    await this.file.sync()
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  private async flush(): Promise<void> {
    const text = this.lines.join('')
    this.lines = []
    await this.file.appendFile(text)
  }
}
