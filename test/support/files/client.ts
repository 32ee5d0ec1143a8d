import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Sent {
  method: string
  path: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
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

  /** For programs that are told by a line. */
  get authorizationHeader(): string {
    return `Authorization: ${this.authorization ?? ''}`
  }

  async makeMember(name: string): Promise<Client> {
    await this.json('POST', '/v1/accounts', { name, password })
    return this.logIn(name)
  }

  send({ method, path, headers = {}, body }: Sent): Promise<Received> {
    const authorization =
      this.authorization === undefined ? {} : { authorization: this.authorization }
    const { hostname, port } = new URL(this.url)
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path, headers: { ...authorization, ...headers } }
      const outgoing = request({ ...options, agent: false }, (incoming) => {
        const { statusCode = 0, headers } = incoming
        buffer(incoming).then((body) => resolve({ status: statusCode, headers, body }), reject)
      })
      outgoing.once('error', reject)
      outgoing.end(body)
    })
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
