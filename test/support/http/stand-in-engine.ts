import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'

/** A process that listens where an engine would and does what the test says: engines cannot be asked to misbehave. */
export class StandInEngine {
  readonly requests: IncomingMessage[] = []

  private constructor(private readonly server: Server) {}

  static async start(socketPath: string, answer: RequestListener): Promise<StandInEngine> {
    const server = createServer((req, res) => {
      engine.requests.push(req)
      answer(req, res)
    })
    const engine = new StandInEngine(server)
    server.listen(socketPath)
    await once(server, 'listening')
    return engine
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}
