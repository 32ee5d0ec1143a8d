import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { childEnvironment } from '../../../webserver/config/process-environment'
import type { FromChild } from '../../../webserver/config/process-setup'
import { launcherWithin } from '../../../webserver/cluster/memory-limit'
import { type ConfigInput, configSchema } from '../../../webserver/config/schema'
import { writePlan } from '../../../webserver/model/model-plan'
import type { ModelSettingsInput } from '../../../webserver/model/model-settings'
import { TestChecker } from './checked-plan'

const program = join(__dirname, '../../../dist/webserver/main.js')

export interface TestModel {
  file: Uint8Array
  version?: string
  settings?: ModelSettingsInput | string
  /** Others beside it, by name. */
  files?: Readonly<Record<string, Uint8Array | string>>
}

export interface EngineOptions {
  models: Readonly<Record<string, Uint8Array | readonly TestModel[]>>
  settings?: ConfigInput
  /** Node options of the process. */
  execArgv?: readonly string[]
  directory?: string
  /** Whether descriptor 3 is the heartbeat's pipe. */
  pipe?: boolean
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  json: Record<string, unknown>
}

export interface Call {
  method?: string
  path: string
  headers?: Record<string, string | number>
  body?: Uint8Array | string
  agent?: Agent
  signal?: AbortSignal
}

/** The real engine, forked from the compiled program as the primary does it, and a client on its socket. */
export class TestEngine {
  beats = 0
  lastBeatAtMs = 0
  errors = ''
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>
  readonly socketPath: string
  private readonly agent = new Agent({ keepAlive: true })

  private constructor(
    readonly directory: string,
    readonly child: ChildProcess,
  ) {
    this.socketPath = join(directory, 'run/engine-1.sock')
    this.exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    ;(child.stdio[3] as Readable | null)?.on('data', (bytes: Buffer) => {
      this.beats += bytes.length
      this.lastBeatAtMs = performance.now()
    })
    child.stderr!.on('data', (bytes: Buffer) => (this.errors += bytes.toString()))
  }

  /** Resolves when the engine says ready. @throws {Error} with its messages when it ends before. */
  static async start(options: EngineOptions): Promise<TestEngine> {
    const engine = await TestEngine.fork(options)
    const ready = new Promise<boolean>((resolve) => {
      engine.child.on('message', ({ type }: FromChild) => type === 'ready' && resolve(true))
      void engine.exited.then(() => resolve(false))
    })
    if (await ready) return engine
    throw new Error(`the engine did not start: ${engine.errors}`)
  }

  static async fork(options: EngineOptions): Promise<TestEngine> {
    const { settings = {}, execArgv = [], ...rest } = options
    const { directory, pipe = true } = rest
    const home = directory ?? mkdtempSync(join(tmpdir(), 'gristmill-engine-'))
    for (const name of ['run', 'perf']) mkdirSync(join(home, name), { recursive: true })
    writeModels(join(home, 'models'), options.models)
    const inference = { tuningMs: 0, ...settings.inference }
    const config = configSchema.parse({ ...settings, inference, data: { directory: home } })
    const models = await new TestChecker(config).check()
    await writePlan(join(home, 'run/models.json'), { number: 1, models })
    const run = {
      number: 1,
      directory: join(home, 'perf'),
      epochNs: String(process.hrtime.bigint()),
    }
    const isBounded = settings.inference?.memoryBytesMax !== undefined
    const launcher = isBounded ? launcherWithin(config.inference.memoryBytesMax) : null
    const child = fork(program, {
      ...launcher,
      stdio: ['ignore', 'inherit', 'pipe', pipe ? 'pipe' : 'ignore', 'ipc'],
      env: childEnvironment({ role: 'engine', slot: 1, config, run }),
      execArgv: [...(launcher?.execArgv ?? []), ...execArgv],
    })
    return new TestEngine(home, child)
  }

  call({ method = 'GET', path, headers = {}, body, agent, signal }: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const req = request(
        {
          socketPath: this.socketPath,
          method,
          path,
          headers,
          agent: agent ?? this.agent,
          ...(signal === undefined ? {} : { signal }),
        },
        (res) => {
          const chunks: Buffer[] = []
          res.on('data', (chunk: Buffer) => chunks.push(chunk))
          res.on('error', reject)
          res.on('end', () => resolve(replyOf(res.statusCode!, res.headers, Buffer.concat(chunks))))
        },
      )
      req.on('error', reject)
      req.end(body)
    })
  }

  /** Posts an infer request that is all JSON. */
  inferJson(model: string, value: unknown): Promise<Reply> {
    const body = typeof value === 'string' ? value : JSON.stringify(value)
    return this.call({ method: 'POST', path: `/v2/models/${model}/infer`, body })
  }

  /** Posts a JSON header and what follows it. */
  inferBinary(model: string, header: unknown, blobs: readonly Uint8Array[]): Promise<Reply> {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
    return this.call({
      method: 'POST',
      path: `/v2/models/${model}/infer`,
      headers: { 'inference-header-content-length': json.length },
      body: Buffer.concat([json, ...blobs]),
    })
  }

  /** Memory that the process has now. */
  residentKib(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1])
  }

  /** The lines of the perf log so far. */
  perfLines(): Record<string, unknown>[] {
    const text = readFileSync(join(this.directory, 'perf', `${this.child.pid}.log`), 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Drains as the primary does it. @returns how the process ended. */
  async stop(): Promise<[number | null, NodeJS.Signals | null]> {
    if (this.child.connected) this.child.send({ type: 'drain' })
    const ended = await this.exited
    this.agent.destroy()
    rmSync(this.directory, { recursive: true, force: true })
    return ended
  }
}

export function writeModels(directory: string, models: EngineOptions['models']): void {
  for (const [name, model] of Object.entries(models))
    for (const version of model instanceof Uint8Array ? [{ file: model }] : model)
      writeVersion(join(directory, name, version.version ?? '1'), version)
}

function writeVersion(directory: string, { file, settings, files = {} }: TestModel): void {
  mkdirSync(directory, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  writeFileSync(join(directory, 'model.onnx'), file)
  if (settings === undefined) return
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings)
  writeFileSync(join(directory, 'model.json'), text)
}

function replyOf(status: number, headers: IncomingHttpHeaders, body: Buffer): Reply {
  const length = headers['inference-header-content-length']
  const json = length === undefined ? body : body.subarray(0, Number(length))
  return { status, headers, body, json: parse(json) }
}

function parse(json: Buffer): Record<string, unknown> {
  if (json.length === 0) return {}
  try {
    return JSON.parse(json.toString()) as Record<string, unknown>
  } catch {
    return {}
  }
}
