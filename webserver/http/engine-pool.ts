import { Agent, request, type ClientRequest, type RequestOptions } from 'node:http'
import { AppError } from '../domain/errors'

interface Engine {
  /** From 1 on. */
  number: number
  socketPath: string
  inFlight: number
}

/** A request to an engine that has taken the connection; nothing was sent yet. */
export interface EngineRequest {
  upstream: ClientRequest
  /** To be called once, when the exchange has ended. */
  release(): void
}

/** The engines as one worker sees them: it knows only its own requests, which is enough to spread them evenly. */
export class EnginePool {
  private readonly agent = new Agent({ keepAlive: true })
  private readonly engines: readonly Engine[]
  private turn = 0

  constructor(socketPaths: readonly string[]) {
    this.engines = socketPaths.map((socketPath, index) => ({
      number: index + 1,
      socketPath,
      inFlight: 0,
    }))
  }

  /**
   * Connects to the least busy engine. One that is just being replaced refuses, and the next one is asked.
   * @param only the engines that may take it, by number; all when null.
   * @throws {AppError} `unavailable` when none takes the connection.
   */
  async connect(
    options: RequestOptions,
    only: readonly number[] | null = null,
  ): Promise<EngineRequest> {
    for (const engine of this.leastBusyFirst()) {
      if (only !== null && !only.includes(engine.number)) continue
      engine.inFlight++
      const { agent } = this
      const upstream = request({ ...options, agent, socketPath: engine.socketPath })
      if (await isConnected(upstream)) return { upstream, release: () => engine.inFlight-- }
      engine.inFlight--
    }
    throw new AppError('unavailable', 'No engine is ready', { retryAfterS: 1 })
  }

  /** Equals take turns. */
  private leastBusyFirst(): Engine[] {
    const start = this.turn++ % this.engines.length
    const rotated = [...this.engines.slice(start), ...this.engines.slice(0, start)]
    return rotated.sort((a, b) => a.inFlight - b.inFlight)
  }
}

function isConnected(upstream: ClientRequest): Promise<boolean> {
  return new Promise((resolve) => {
    upstream.on('error', () => resolve(false))
    upstream.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => resolve(true))
      else resolve(true)
    })
  })
}
