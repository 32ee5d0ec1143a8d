import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

const program = resolve(__dirname, '../../../dist/webserver/backup/main.js')

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** What `npm run backup` or `npm run restore` runs. */
export class BackupCommand {
  private readonly child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = this.collect()
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  private async collect(): Promise<Ended> {
    const [[code], stdout, stderr] = await Promise.all([
      once(this.child, 'close') as Promise<[number | null]>,
      text(this.child.stdout!),
      text(this.child.stderr!),
    ])
    return { code, stdout, stderr }
  }
}

/** @throws {Error} with what was printed unless it ended well. @returns the summary. */
export async function succeed<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await new BackupCommand(...args, '--json').ended
  if (code !== 0) throw new Error(`exit code ${code}\n${stderr}`)
  return JSON.parse(stdout) as T
}
