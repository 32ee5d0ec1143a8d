import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelState } from '../../../webserver/domain/service-control'
import { signIn } from './accounts'
import type { Service } from './start-service'
import { waitUntil } from './wait-until'

export interface ControlAnswer {
  status: number
  json: Record<string, unknown>
  error: string
}

const ones = Array.from({ length: 16 }, () => 1)
export const addSubRequest = JSON.stringify({
  inputs: ['INPUT0', 'INPUT1'].map((name) => ({
    name,
    shape: [1, 16],
    datatype: 'INT32',
    data: ones,
  })),
})

/** An administrator who loads, asks and unloads over HTTP, and places files where the service looks for models. */
export class ModelClient {
  private constructor(
    readonly service: Service,
    readonly headers: { authorization: string },
  ) {}

  static async signIn(service: Service): Promise<ModelClient> {
    return new ModelClient(service, await signIn(service))
  }

  async call(method: string, path: string, body?: unknown): Promise<ControlAnswer> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    const answer = await fetch(`${this.service.url}/v2${path}`, {
      method,
      headers: this.headers,
      ...(text === undefined ? {} : { body: text }),
    })
    const json = parse(await answer.text())
    return { status: answer.status, json, error: (json.error as string | undefined) ?? '' }
  }

  load(model: string, parameters?: Record<string, unknown>): Promise<ControlAnswer> {
    const body = parameters === undefined ? undefined : { parameters }
    return this.call('POST', `/repository/models/${model}/load`, body)
  }

  unload(model: string): Promise<ControlAnswer> {
    return this.call('POST', `/repository/models/${model}/unload`)
  }

  async index(ready = false): Promise<ModelState[]> {
    const { json } = await this.call('POST', '/repository/index', { ready })
    return json as unknown as ModelState[]
  }

  /** `name/version` of what is ready. */
  async served(): Promise<string[]> {
    return (await this.index(true)).map(({ name, version }) => `${name}/${version}`)
  }

  /** Calls a model of the form of `addSubModel`. */
  infer(model: string): Promise<ControlAnswer> {
    return this.call('POST', `/models/${model}/infer`, addSubRequest)
  }

  /** The same for a load. */
  inferRequest(model: string) {
    const path = `/v2/models/${model}/infer`
    return { method: 'POST', path, headers: this.headers, body: addSubRequest }
  }

  config(model: string): Promise<ControlAnswer> {
    return this.call('GET', `/models/${model}/config`)
  }

  /** Puts a file there at once, as an installation should. */
  place(path: string, content: Uint8Array | string): void {
    const file = join(this.service.dataDirectory, 'models', path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(`${file}.new`, content)
    renameSync(`${file}.new`, file)
  }

  remove(path: string): void {
    rmSync(join(this.service.dataDirectory, 'models', path), { recursive: true })
  }

  async metrics(): Promise<string> {
    const answer = await fetch(`${this.service.url}/metrics`, { headers: this.headers })
    return answer.text()
  }

  async hangUp(): Promise<void> {
    const before = this.service.output.split('"msg":"reloaded"').length
    this.service.signal('SIGHUP')
    await waitUntil(
      'the reload is over',
      () => this.service.output.split('"msg":"reloaded"').length > before,
    )
  }
}

function parse(text: string): Record<string, unknown> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
