import { randomBytes } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'

/** A secret that only the owner of the data directory can read (mode 0600), kept until it is used. */
export class SecretFile {
  constructor(readonly path: string) {}

  /** Makes a secret of 256 bits unless there is one already. @returns the one that is there now. */
  async ensure(): Promise<string> {
    const existing = await this.read()
    if (existing !== null) return existing
    const secret = randomBytes(32).toString('base64url')
    await rm(this.path, { force: true })
    const file = await open(this.path, 'wx', 0o600)
    try {
      await file.writeFile(`${secret}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    return secret
  }

  /** @returns null when there is none, or one that a crash left empty. */
  async read(): Promise<string | null> {
    try {
      const secret = (await readFile(this.path, 'utf8')).trim()
      return secret === '' ? null : secret
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true })
  }
}
