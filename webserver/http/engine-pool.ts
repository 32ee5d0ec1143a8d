export interface Engine {
  socketPath: string
  inFlight: number
}

/** The engines as one worker sees them: it knows only its own requests, which is enough to spread them evenly. */
export class EnginePool {
  private readonly engines: readonly Engine[]
  private turn = 0

  constructor(socketPaths: readonly string[]) {
    this.engines = socketPaths.map((socketPath) => ({ socketPath, inFlight: 0 }))
  }

  /** All of them, the least busy first; equals take turns. */
  inOrder(): Engine[] {
    const start = this.turn++ % this.engines.length
    const rotated = [...this.engines.slice(start), ...this.engines.slice(0, start)]
    return rotated.sort((a, b) => a.inFlight - b.inFlight)
  }
}
