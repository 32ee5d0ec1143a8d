import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Asked {
  headers?: OutgoingHttpHeaders
  body?: Buffer
  json?: unknown
}

/** Whoever asks, each time on a connection of its own, so that any worker may answer. */
export class Session {
  constructor(
    private readonly url: string,
    private readonly token: string | null,
  ) {}

  ask(method: string, path: string, { headers = {}, body, json }: Asked = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.url)
    const sent = json === undefined ? body : Buffer.from(JSON.stringify(json))
    const all = {
      ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(sent === undefined ? {} : { 'content-length': sent.length }),
      ...headers,
    }
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, method, path, headers: all, agent: false })
      outgoing.once('error', reject)
      outgoing.once('response', (incoming: IncomingMessage) => {
        const { statusCode, headers: received } = incoming
        buffer(incoming).then(
          (content) => resolve({ status: statusCode!, headers: received, body: content }),
          reject,
        )
      })
      outgoing.end(sent)
    })
  }
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it must be
export function jsonOf<T>({ body }: Answer): T {
  return JSON.parse(body.toString()) as T
}

export function urlOf(...segments: string[]): string {
  return `/${segments
    .flatMap((one) => one.split('/'))
    .map(encodeURIComponent)
    .join('/')}`
}
