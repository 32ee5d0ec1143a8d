import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { LineFile } from './durable-files'
import { inSnapshot } from './target'

const line = /^([0-9a-f]{64}) {2}(.+)$/

/** Which contents a snapshot has, as `sha256sum --check` reads it within the snapshot's directory. */
export class SumsWriter {
  private constructor(private readonly file: LineFile) {}

  static async create(directory: string): Promise<SumsWriter> {
    return new SumsWriter(await LineFile.create(join(directory, inSnapshot.sums)))
  }

  addContent(sha256: string): Promise<void> {
    return this.file.add(`${sha256}  ../../blobs/${sha256.slice(0, 2)}/${sha256}`)
  }

  addFile(sha256: string, path: string): Promise<void> {
    return this.file.add(`${sha256}  ${path}`)
  }

  /** Puts all on the disk. */
  async end(): Promise<void> {
    await this.file.end()
    await this.file.close()
  }
}

/** The digests of a snapshot's contents, without those of the files in its own directory. */
export async function* contentsOfSnapshot(directory: string): AsyncGenerator<string> {
  const file = await open(join(directory, inSnapshot.sums))
  try {
    for await (const text of file.readLines()) {
      const [, sha256, path] = line.exec(text) ?? []
      if (sha256 === undefined || path === undefined)
        throw new Error(`${directory}/${inSnapshot.sums} is damaged: ${text.slice(0, 100)}`)
      if (path.startsWith('../../blobs/')) yield sha256
    }
  } finally {
    await file.close()
  }
}
