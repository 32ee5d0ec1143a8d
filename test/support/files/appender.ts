import { request, type Agent } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface AppendAnswer {
  status: number
  /** `Upload-Offset`. */
  offset: number | null
  content: Buffer
}

export interface AppenderParts {
  name: string
  headers: { authorization: string }
  agent: Agent
  /** Where the service is by now. */
  url(): string
}

export const lineBytes = 50

/** Appends numbered lines to a file of its own and lets them be held, each when the one before it was acknowledged. */
export class Appender {
  linesAcknowledged = 0
  /** Answers other than 200 and 202: it stops at the first. */
  readonly refused: AppendAnswer[] = []
  private isStopped = false

  constructor(private readonly parts: AppenderParts) {}

  stop(): void {
    this.isStopped = true
  }

  /** The lines that were acknowledged, and so many more. */
  lines(more = 0): string {
    const count = this.linesAcknowledged + more
    return Array.from({ length: count }, (_, number) => this.line(number)).join('')
  }

  async create(): Promise<void> {
    const { status } = await this.ask('PUT', '', {})
    if (status !== 201) throw new Error(`PUT was answered ${status}`)
  }

  /** Goes on until so many lines were acknowledged, it is stopped, refused or cut off. */
  async append(linesMax: number): Promise<void> {
    while (!this.isStopped && this.linesAcknowledged < linesMax) {
      const answer = await this.patch(this.line(this.linesAcknowledged), {
        Prefer: 'respond-async',
      }).catch(() => null)
      if (answer === null) return
      if (answer.status !== 200 && answer.status !== 202) {
        this.refused.push(answer)
        return
      }
      this.linesAcknowledged++
    }
  }

  /** Asks for all that was acknowledged to be durable. */
  close(): Promise<AppendAnswer> {
    return this.patch('')
  }

  async content(): Promise<string> {
    return (await this.ask('GET', '', {})).content.toString()
  }

  private line(number: number): string {
    return `${`${this.parts.name} ${number} `.padEnd(lineBytes - 1, '.')}\n`
  }

  private patch(body: string, headers: Record<string, string> = {}): Promise<AppendAnswer> {
    return this.ask('PATCH', body, {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Upload-Offset': String(this.linesAcknowledged * lineBytes),
    })
  }

  private ask(
    method: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<AppendAnswer> {
    const { name, agent, url, headers: own } = this.parts
    const all = { ...own, ...headers, 'Content-Length': String(body.length) }
    return new Promise((resolve, reject) => {
      request(`${url()}/v1/files/root/${name}.log`, { method, agent, headers: all }, (incoming) => {
        const { statusCode: status = 0, headers: said } = incoming
        const offset = said['upload-offset'] === undefined ? null : Number(said['upload-offset'])
        buffer(incoming).then((content) => resolve({ status, offset, content }), reject)
      })
        .once('error', reject)
        .end(body)
    })
  }
}
