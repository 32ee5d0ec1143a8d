import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathsOf } from '../../../webserver/config/paths'
import { configSchema, type ConfigInput } from '../../../webserver/config/schema'
import { listSettings } from '../../../webserver/config/settings-list'
import { authorizeCacheOf } from '../../../webserver/nginx/directory'
import { childrenOf, isRunning, kill } from './process-table'
import { waitUntil } from './wait-until'

export interface ServiceOptions {
  /** Whether nginx stands in front; true unless said. */
  nginx?: boolean
  settings?: ConfigInput
  /** ONNX files by the names of their models. */
  models?: Readonly<Record<string, Uint8Array>>
  /** A module that every process loads before anything else. */
  preload?: string
  /** To start again on what an earlier service left; a new temporary directory unless given. */
  directory?: string
}

export interface ServiceProcess {
  role: 'worker' | 'writer' | 'engine' | 'nginx'
  slot: number
  pid: number
}

export interface ServiceExit {
  code: number | null
  signal: NodeJS.Signals | null
}

const program = resolve(__dirname, '../../../dist/webserver/main.js')

// Small and quick; a test states what it depends on.
const defaults = {
  http: { port: 0 },
  cluster: { workers: 2, engines: 1, heartbeatIntervalMs: 200 },
  models: { samples: false },
  passwords: { argon2MemoryKib: 64, argon2Passes: 1 },
  database: { reserveBytes: 0 },
} as const satisfies ConfigInput

/** A real service from the compiled program, in a temporary directory, on a port that the system chose. */
export class Service {
  readonly dataDirectory: string
  readonly runDirectory: string
  readonly perfDirectory: string
  readonly exit: Promise<ServiceExit>
  private stdout = ''
  private stderr = ''

  constructor(
    readonly directory: string,
    private readonly primary: ChildProcess,
  ) {
    this.dataDirectory = join(directory, 'data')
    const data = { directory: this.dataDirectory }
    this.runDirectory = pathsOf(configSchema.parse({ data })).run
    this.perfDirectory = join(directory, 'perf')
    primary.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    primary.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exit = new Promise((done) =>
      primary.once('exit', (code, signal) => done({ code, signal })),
    )
  }

  get primaryPid(): number {
    return this.primary.pid!
  }

  /** Everything the service has printed: the start block on stdout, messages and log lines on stderr. */
  get output(): string {
    return this.stdout + this.stderr
  }

  /** Where the service listens; known once it is ready. */
  get url(): string {
    const url = /^ *address +(http\S+)$/m.exec(this.stdout)?.[1]
    if (url === undefined) throw new Error(`the service is not ready:\n${this.output}`)
    return url
  }

  get hasEnded(): boolean {
    return this.primary.exitCode !== null || this.primary.signalCode !== null
  }

  /** The processes that run at this moment, as the primary keeps account of them. */
  processes(role?: ServiceProcess['role']): ServiceProcess[] {
    const file = join(this.dataDirectory, 'primary.json')
    if (!existsSync(file)) return []
    const { children } = JSON.parse(readFileSync(file, 'utf8')) as { children: ServiceProcess[] }
    return children.filter((child) => role === undefined || child.role === role)
  }

  /** Their numbers, without the primary's. */
  pids(role?: ServiceProcess['role']): number[] {
    return this.processes(role).map(({ pid }) => pid)
  }

  /** The primary, its processes and theirs. */
  allPids(): number[] {
    const own = this.pids()
    return [this.primaryPid, ...own, ...own.flatMap(childrenOf)]
  }

  /** The one-time token of the first account. */
  firstAccountToken(): string {
    return readFileSync(join(this.dataDirectory, 'first-account-token'), 'utf8').trim()
  }

  /** Waits for the start block. @throws {Error} with what was printed when the service ends instead. */
  async started(): Promise<this> {
    await waitUntil('the service has started', () => {
      if (this.hasEnded) throw new Error(`the service did not start:\n${this.output}`)
      return this.stdout.includes('Gristmill is ready.') && this.stdout.includes('openapi.json')
    })
    return this
  }

  /** Waits for `/readyz` to answer 200. */
  async ready(): Promise<void> {
    await waitUntil('/readyz answers 200', async () => {
      if (this.hasEnded) throw new Error(`the service has ended:\n${this.output}`)
      const response = await fetch(`${this.url}/readyz`).catch(() => null)
      await response?.arrayBuffer()
      return response?.status === 200
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.primary.kill(signal)
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<ServiceExit> {
    if (!this.hasEnded) this.signal('SIGTERM')
    return this.exit
  }

  /** Ends what still runs, however it stands, and deletes the directory. For `afterEach`. */
  async dispose(): Promise<void> {
    const pids = this.hasEnded ? [] : this.allPids()
    this.signal('SIGKILL')
    await this.exit
    await waitUntil('every process is gone', () => {
      const left = pids.filter(isRunning)
      left.forEach(kill)
      return left.length === 0
    })
    rmSync(this.directory, { recursive: true, force: true })
    rmSync(this.runDirectory, { recursive: true, force: true })
    rmSync(authorizeCacheOf({ run: this.runDirectory }), { recursive: true, force: true })
  }
}

/** Starts a service and returns at once: for starts that are expected to fail. */
export function launchService(options: ServiceOptions = {}): Service {
  const { nginx = true, settings, models = {}, preload, directory } = options
  const home = directory ?? mkdtempSync(join(tmpdir(), 'gristmill-test-'))
  placeModels(join(home, 'data/models'), models)
  const places = {
    data: { directory: join(home, 'data') },
    perf: { directory: join(home, 'perf') },
  }
  const flags = [places, { ...defaults }, { http: { nginx } }, settings ?? {}].flatMap(flagsOf)
  const nodeOptions = preload === undefined ? {} : { NODE_OPTIONS: `--require=${preload}` }
  const primary = spawn(process.execPath, [program, ...flags], {
    env: { ...process.env, ...nodeOptions },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Service(home, primary)
}

/** Starts a service and waits until it is ready. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const service = launchService(options)
  try {
    return await service.started()
  } catch (error) {
    await service.dispose()
    throw error
  }
}

function placeModels(directory: string, models: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, file] of Object.entries(models)) {
    mkdirSync(join(directory, name, '1'), { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, name, '1/model.onnx'), file)
  }
}

/** Later flags win over earlier ones. */
function flagsOf(settings: ConfigInput): string[] {
  const sections = settings as Record<string, Record<string, string | number | boolean> | undefined>
  return listSettings().flatMap(({ section, name, flag }) => {
    const value = sections[section]?.[name]
    return value === undefined ? [] : [`${flag}=${String(value)}`]
  })
}
