import { decodeInferResponse, encodeInferRequest, type Tensor } from './tensors'

const timeoutMs = 60_000

export interface Reply {
  status: number
  headers: Headers
  body: Buffer
}

/** A request that the service answered with a failure, or not at all. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'

  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** One finished request: what it was, how long it took here, and the id under which the perf log knows it. */
export interface Exchange {
  what: string
  durationMs: number
  requestId: string | null
}

/** Gristmill's HTTP API as the demo needs it. Every call may throw {@link ServiceError}. */
export class Client {
  readonly exchanges: Exchange[] = []
  private token: string | null = null

  constructor(private readonly baseUrl: string) {}

  /** The value of `Authorization` for other requests of this account. @throws {Error} before `logIn`. */
  get authorization(): string {
    if (this.token === null) throw new Error('nobody is signed in')
    return `Bearer ${this.token}`
  }

  /** With the first-account token the account becomes the admin; without, registration must be open. */
  async createAccount(args: { name: string; password: string; token?: string }): Promise<void> {
    await this.json('make the account', 'POST', '/v1/accounts', args)
  }

  async logIn(args: { name: string; password: string }): Promise<void> {
    const { token } = await this.json('log in', 'POST', '/v1/sessions', args)
    if (typeof token !== 'string') throw new ServiceError('log in: the answer has no token', 200)
    this.token = token
  }

  /** @returns the digest (hex) that the service computed. */
  async putFile(args: { path: string; contentType: string; body: Buffer }): Promise<string> {
    const { path, contentType, body } = args
    const { sha256 } = parseObject(
      await this.call('upload', 'PUT', path, { headers: { 'content-type': contentType }, body }),
    )
    if (typeof sha256 !== 'string') throw new ServiceError('upload: the answer has no sha256', 200)
    return sha256
  }

  async getFile(path: string): Promise<Buffer> {
    const { body } = await this.call('download', 'GET', path)
    return body
  }

  /** Runs a model with binary tensors both ways (Open Inference Protocol v2, binary tensor extension). */
  async infer(model: string, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { body, headerBytes } = encodeInferRequest(inputs)
    const headers = { 'inference-header-content-length': String(headerBytes) }
    const path = `/v2/models/${encodeURIComponent(model)}/infer`
    return decodeInferResponse(await this.call(`infer ${model}`, 'POST', path, { headers, body }))
  }

  private async json(
    what: string,
    method: string,
    path: string,
    value: object,
  ): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json' }
    const body = Buffer.from(JSON.stringify(value))
    return parseObject(await this.call(what, method, path, { headers, body }))
  }

  private async call(
    what: string,
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: Buffer } = {},
  ): Promise<Reply> {
    const startedAtMs = performance.now()
    const reply = await this.send(what, path, {
      method,
      headers: {
        ...headers,
        ...(this.token === null ? {} : { authorization: this.authorization }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const durationMs = performance.now() - startedAtMs
    this.exchanges.push({ what, durationMs, requestId: reply.headers.get('x-request-id') })
    if (reply.status >= 200 && reply.status < 300) return reply
    throw new ServiceError(`${what}: ${reply.status} ${reasonOf(reply.body)}`, reply.status)
  }

  private async send(what: string, path: string, init: RequestInit): Promise<Reply> {
    try {
      const response = await fetch(new URL(path, this.baseUrl), {
        ...init,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const body = Buffer.from(await response.arrayBuffer())
      return { status: response.status, headers: response.headers, body }
    } catch (error) {
      throw new ServiceError(`${what}: no answer from ${this.baseUrl} (${causeOf(error)})`, 0)
    }
  }
}

/** The URL path of a file: each segment escaped, the slashes between them kept. */
export function filePath(owner: string, path: string): string {
  return `/v1/files/${[owner, ...path.split('/')].map(encodeURIComponent).join('/')}`
}

function parseObject(reply: Reply): Record<string, unknown> {
  const value: unknown = JSON.parse(reply.body.toString())
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new ServiceError('the answer is not a JSON object', reply.status)
}

/** What the service says went wrong: `detail` of a problem document, `error` under /v2. */
function reasonOf(body: Buffer): string {
  const text = body.toString().slice(0, 500)
  try {
    const { detail, title, error } = JSON.parse(text) as Record<string, unknown>
    const reason = detail ?? error ?? title
    return typeof reason === 'string' ? reason : text
  } catch {
    return text
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : error.message
}
