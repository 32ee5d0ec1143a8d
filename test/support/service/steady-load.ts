import { Agent, request, type OutgoingHttpHeaders } from 'node:http'

export interface LoadRequest {
  method: string
  path: string
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
}

export interface LoadReport {
  /** Answers below 400. */
  answered: number
  /** What went wrong: a status, or the error of a connection. */
  failures: string[]
}

/** Clients that each repeat their request on a connection that they keep, without ever trying twice. */
export class SteadyLoad {
  private readonly agent = new Agent({ keepAlive: true })
  private readonly report: LoadReport = { answered: 0, failures: [] }
  private readonly clients: Promise<void>[]
  private stopping = false

  /** @param requests one client each; functions make each round's request anew. */
  constructor(
    private readonly url: string,
    requests: readonly (() => LoadRequest)[],
  ) {
    this.clients = requests.map((next) => this.repeat(next))
  }

  get answered(): number {
    return this.report.answered
  }

  async stop(): Promise<LoadReport> {
    this.stopping = true
    await Promise.all(this.clients)
    this.agent.destroy()
    return this.report
  }

  private async repeat(next: () => LoadRequest): Promise<void> {
    while (!this.stopping) {
      const sent = next()
      const outcome = await this.send(sent)
      if (typeof outcome === 'number' && outcome < 400) this.report.answered++
      else this.report.failures.push(`${sent.method} ${sent.path}: ${outcome}`)
    }
  }

  private send({ method, path, headers = {}, body }: LoadRequest): Promise<number | string> {
    return new Promise((resolve) => {
      const sent = request(this.url + path, { method, headers, agent: this.agent }, (answer) => {
        answer.on('error', (error) => resolve(`cut off: ${error.message}`))
        answer.on('end', () => resolve(answer.statusCode!))
        answer.resume()
      })
      sent.on('error', (error) => resolve(error.message))
      sent.end(body)
    })
  }
}
