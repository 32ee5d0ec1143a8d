/** Too much work waits already; the caller should turn new work away. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}

/** Runs at most `concurrentMax` pieces of work at once; at most `queueMax` more wait, in order of arrival. */
export class Semaphore {
  private running = 0
  private readonly waiting: (() => void)[] = []

  constructor(private readonly limits: { concurrentMax: number; queueMax: number }) {}

  get waitingCount(): number {
    return this.waiting.length
  }

  /** @throws {QueueFullError} at once, without starting the work. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter()
    try {
      return await work()
    } finally {
      this.leave()
    }
  }

  private async enter(): Promise<void> {
    if (this.running < this.limits.concurrentMax) {
      this.running++
      return
    }
    if (this.waiting.length >= this.limits.queueMax) throw new QueueFullError('the queue is full')
    await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Hands its place to the one that waited longest, so that nobody who comes now can overtake. */
  private leave(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.running--
    else next()
  }
}
