import { once } from 'node:events'
import {
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export interface Sent {
  method: string
  path: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
}

/** A body that is sent in chunks as it comes. */
export interface Streamed extends Omit<Sent, 'body'> {
  body: Readable
}

export interface Received {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

const password = 'correct horse battery'

/** Sends what it is told to, as it is told: nothing is normalised, followed or decoded. */
export class Client {
  private constructor(
    private readonly url: string,
    private readonly authorization: string | undefined,
  ) {}

  /** The first account, an admin. */
  static async first(url: string, firstAccountToken: string): Promise<Client> {
    const anyone = new Client(url, undefined)
    await anyone.json('POST', '/v1/accounts', { name: 'root', password, token: firstAccountToken })
    return anyone.logIn('root')
  }

  /** The same session at another address. */
  onto(url: string): Client {
    return new Client(url, this.authorization)
  }

  async makeMember(name: string): Promise<Client> {
    await this.json('POST', '/v1/accounts', { name, password })
    return this.logIn(name)
  }

  send({ body, ...sent }: Sent): Promise<Received> {
    const outgoing = this.request(sent)
    outgoing.end(body)
    return answerTo(outgoing)
  }

  /** Leaves the answer unread when the body fails: the client is gone then. */
  async stream({ body, ...sent }: Streamed): Promise<Received> {
    const outgoing = this.request(sent)
    const answer = answerTo(outgoing)
    answer.catch(() => undefined)
    await pipeline(body, outgoing)
    return answer
  }

  /** @returns how long the body of the answer is; it is not kept. */
  async measure(path: string): Promise<number> {
    const outgoing = this.request({ method: 'GET', path })
    outgoing.end()
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    let lengthBytes = 0
    for await (const chunk of incoming as AsyncIterable<Buffer>) lengthBytes += chunk.length
    return lengthBytes
  }

  private request({ method, path, headers = {} }: Omit<Sent, 'body'>): ClientRequest {
    const own = this.authorization === undefined ? {} : { authorization: this.authorization }
    const { hostname, port } = new URL(this.url)
    return request({ hostname, port, method, path, headers: { ...own, ...headers }, agent: false })
  }

  private async logIn(name: string): Promise<Client> {
    const { body } = await this.json('POST', '/v1/sessions', { name, password })
    const { token } = JSON.parse(body.toString()) as { token: string }
    return new Client(this.url, `Bearer ${token}`)
  }

  private async json(method: string, path: string, content: unknown): Promise<Received> {
    const body = JSON.stringify(content)
    const answer = await this.send({
      method,
      path,
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (answer.status !== 201) throw new Error(`${method} ${path}: ${answer.body.toString()}`)
    return answer
  }
}

async function answerTo(outgoing: ClientRequest): Promise<Received> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { statusCode: status = 0, headers } = incoming
  return { status, headers, body: await buffer(incoming) }
}
