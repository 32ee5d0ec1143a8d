import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { waitUntil } from '../service/wait-until'

/** A program that people download with, as they call it; it knows no proxy and no settings of whoever runs the tests. */
export class Downloader {
  private readonly child: ChildProcess
  private readonly exit: Promise<unknown[]>
  private output = ''

  constructor(
    program: string,
    args: readonly string[],
    private readonly directory: string,
  ) {
    this.child = spawn(program, args, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    this.exit = once(this.child, 'close')
  }

  /** @returns the exit code; null when it was killed. */
  async ended(): Promise<number | null> {
    const [code] = (await this.exit) as [number | null]
    return code
  }

  /** @throws {Error} with what it printed when it failed. */
  async succeeded(): Promise<void> {
    const code = await this.ended()
    if (code !== 0) throw new Error(`exit code ${code}:\n${this.output}`)
  }

  /** Ends it without warning once the file has some bytes. */
  async cutOff(file: string): Promise<void> {
    await this.begun(file)
    this.child.kill('SIGKILL')
    await this.exit
  }

  async begun(file: string): Promise<void> {
    const path = `${this.directory}/${file}`
    await waitUntil(`${file} has begun`, () => {
      if (this.child.exitCode !== null) throw new Error(`it has ended already:\n${this.output}`)
      return existsSync(path) && statSync(path).size > 0
    })
  }
}

export async function digestOfFile(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer)
  return digest.digest('hex')
}
