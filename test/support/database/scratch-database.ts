import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathsOf, type Paths } from '../../../webserver/config/paths'
import type { ProcessSetup } from '../../../webserver/config/process-setup'
import { configSchema, type Config, type ConfigInput } from '../../../webserver/config/schema'
import { openDatabase, prepareDatabase } from '../../../webserver/database/open-database'
import type { Database } from '../../../webserver/domain/database'

export type Kind = Config['database']['kind']

const program = resolve(__dirname, '../../../dist/webserver/main.js')

/** A database of its own in a temporary directory, with the real writer process of the compiled program. */
export class ScratchDatabase {
  private writer: ChildProcess | null = null
  private readonly opened: Database[] = []

  private constructor(
    readonly config: Config,
    readonly paths: Paths,
  ) {}

  static async create(kind: Kind, database: ConfigInput['database'] = {}) {
    const directory = await mkdtemp(join(tmpdir(), 'gristmill-database-'))
    const config = configSchema.parse({
      data: { directory },
      cluster: { workers: 1, engines: 1 },
      database: { kind, reserveBytes: 0, ...database },
      perf: { level: 'off' },
      log: { level: 'silent' },
    })
    const scratch = new ScratchDatabase(config, pathsOf(config))
    await mkdir(scratch.paths.run, { recursive: true, mode: 0o700 })
    await (await prepareDatabase(scratch)).close()
    return scratch
  }

  /** Resolves when the writer serves. */
  async startWriter(): Promise<void> {
    const setup: ProcessSetup = { role: 'writer', slot: 1, config: this.config, run: null }
    this.writer = fork(program, { env: { GRISTMILL_PROCESS: JSON.stringify(setup) } })
    for (;;) {
      const [message] = (await once(this.writer, 'message')) as [{ type: string; reason?: string }]
      if (message.type === 'ready') return
      if (message.type === 'failed') throw new Error(message.reason)
    }
  }

  /** Ends the writer in the middle of whatever it does. */
  async killWriter(): Promise<void> {
    await this.endWriter((writer) => writer.kill('SIGKILL'))
  }

  /** @returns the exit code of a writer that was told to drain. */
  async drainWriter(): Promise<number | null> {
    return this.endWriter((writer) => writer.send({ type: 'drain' }))
  }

  /** Stops the writer's clock: it keeps its connections and answers nothing. */
  freezeWriter(): void {
    this.writer!.kill('SIGSTOP')
  }

  async open(): Promise<Database> {
    const database = await openDatabase(this)
    this.opened.push(database)
    return database
  }

  async destroy(): Promise<void> {
    for (const database of this.opened) await database.close()
    if (this.writer !== null) await this.killWriter()
    await rm(this.paths.data, { recursive: true })
  }

  private async endWriter(end: (writer: ChildProcess) => unknown): Promise<number | null> {
    const writer = this.writer!
    this.writer = null
    const exit = once(writer, 'exit')
    end(writer)
    const [code] = (await exit) as [number | null]
    return code
  }
}
