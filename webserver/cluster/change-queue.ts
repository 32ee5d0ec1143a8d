import { AppError } from '../domain/errors'

export interface ChangeQueueOptions {
  /** Changes that may wait while one is made. */
  waitingMax: number
  /** How long one may take, from when it is asked for. */
  timeoutMs: number
}

/** Of one change. */
export interface ChangeTime {
  /** @throws {AppError} `deadline` when there is none left. */
  requireTime(): void
}

/** Makes changes one after another. */
export class ChangeQueue {
  private last: Promise<unknown> = Promise.resolve()
  private pending = 0

  constructor(private readonly options: ChangeQueueOptions) {}

  /** @throws {AppError} `unavailable` when too many wait; `deadline` when its turn comes too late. */
  run<T>(change: (time: ChangeTime) => Promise<T>): Promise<T> {
    if (this.pending > this.options.waitingMax)
      throw new AppError('unavailable', 'too many model changes are waiting', { retryAfterS: 5 })
    this.pending++
    const time = this.timeFromNow()
    const result = this.last.then(() => {
      time.requireTime()
      return change(time)
    })
    this.last = result.then(this.settle, this.settle)
    return result
  }

  private readonly settle = () => {
    this.pending--
  }

  private timeFromNow(): ChangeTime {
    const { timeoutMs } = this.options
    const deadline = performance.now() + timeoutMs
    return {
      requireTime() {
        if (performance.now() > deadline)
          throw new AppError('deadline', `the change took longer than ${timeoutMs} ms`)
      },
    }
  }
}
