import { AppError } from '../../domain/errors'
import type { Logger } from '../../platform/logger'
import type { OutputValues } from './answer-tensor'
import { runError } from './infer-error'
import type { Counts } from '../../metrics/counts'
import { ModelQueue, type Waiting } from './model-queue'
import { ModelStatistics, type RunTimes } from './model-statistics'
import { RowCountError, runModel, type TensorMaker } from './run-model'
import type { ServedModel } from './served-model'
import type { Watchdog } from './watchdog'

/** A request from the moment it waits; the scheduler calls exactly one of `succeed` and `fail`, once. */
export interface InferJob extends Waiting {
  /** By `performance.now()`. */
  deadlineAtMs: number
  /** Called right before the run and right after it; a run repeated alone is a second pair. */
  begin(): void
  end(): void
  succeed(outputs: readonly OutputValues[], batchItems: number, times: RunTimes): void
  fail(error: AppError, batchItems: number): void
}

export interface SchedulerLimits {
  queueMax: number
  batchTargetMs: number
}

interface SchedulerParts {
  limits: SchedulerLimits
  watchdog: Watchdog
  Tensor: TensorMaker
  counts: Counts
  log: Logger
}

// A run that starts just before its deadline is given this long: it would take the requests of others with it.
const runTimeoutMinMs = 500
const expiryIntervalMs = 10

/**
 * Runs what waits, one batch at a time, the models in turn. A request that finds nothing running is run at once; what
 * arrives during a run is joined into the next.
 */
export class Scheduler {
  private readonly queues: ModelQueue<InferJob>[] = []
  private next = 0
  private isBusy = false
  private expiredAtMs = 0
  private readonly parts: SchedulerParts

  constructor(parts: SchedulerParts) {
    this.parts = parts
  }

  addModel(model: ServedModel): ModelQueue<InferJob> {
    const { limits, counts } = this.parts
    const statistics = new ModelStatistics(counts, model)
    const queue = new ModelQueue<InferJob>(model, limits.batchTargetMs, statistics)
    this.queues.push(queue)
    return queue
  }

  get waiting(): number {
    return this.queues.reduce((sum, queue) => sum + queue.length, 0)
  }

  /** @throws {AppError} `unavailable` when too many requests wait for the model. */
  submit(queue: ModelQueue<InferJob>, job: InferJob): void {
    const { queueMax } = this.parts.limits
    if (queue.length >= queueMax)
      throw new AppError(
        'unavailable',
        `Exceeds maximum queue size of ${queueMax} for model '${queue.model.name}'`,
        { retryAfterS: 1 },
      )
    queue.push(job)
    this.wake()
  }

  private wake(): void {
    if (this.isBusy) return
    this.isBusy = true
    setImmediate(this.turn)
  }

  /** Each turn is a setImmediate, so that between two runs the event loop reads what has arrived. */
  private readonly turn = (): void => {
    this.expire()
    const queue = this.nextQueue()
    const batch = queue?.takeBatch()
    if (queue === undefined || batch === undefined) {
      this.isBusy = false
      return
    }
    void this.run(queue, batch).then(() => setImmediate(this.turn))
  }

  private nextQueue(): ModelQueue<InferJob> | undefined {
    for (let step = 0; step < this.queues.length; step++) {
      const queue = this.queues[(this.next + step) % this.queues.length]!
      if (queue.length === 0) continue
      this.next = (this.next + step + 1) % this.queues.length
      return queue
    }
    return undefined
  }

  /** Answers the requests whose deadline has passed while they waited. */
  private expire(): void {
    const nowMs = performance.now()
    if (nowMs - this.expiredAtMs < expiryIntervalMs) return
    this.expiredAtMs = nowMs
    for (const queue of this.queues)
      for (const job of queue.takeWhere(({ deadlineAtMs }) => deadlineAtMs <= nowMs))
        job.fail(
          new AppError(
            'deadline',
            `Request timeout expired while waiting for model '${queue.model.name}'`,
          ),
          0,
        )
  }

  private async run(queue: ModelQueue<InferJob>, batch: readonly InferJob[]): Promise<void> {
    const times: RunTimes = { takenAtMs: performance.now(), startedAtMs: 0, endedAtMs: 0 }
    const outputs = await this.runOnce(queue, batch, times).catch((error: unknown) =>
      this.recover(queue, batch, error),
    )
    if (outputs === null) return
    const items = itemsOf(batch)
    batch.forEach((job, index) => job.succeed(outputs[index]!, items, times))
    queue.statistics.runSucceeded(times, items)
  }

  /** One request must not spoil the others' run, and which one it was only shows when each runs alone. */
  private async recover(
    queue: ModelQueue<InferJob>,
    batch: readonly InferJob[],
    error: unknown,
  ): Promise<null> {
    if (error instanceof RowCountError) this.stopJoining(queue)
    if (batch.length === 1) this.fail(queue, batch[0]!, error)
    else for (const job of batch) await this.run(queue, [job])
    return null
  }

  private fail(queue: ModelQueue<InferJob>, job: InferJob, error: unknown): void {
    const failure = runError(error, queue.model.name)
    // Without the error itself: what a caller sends decides how often this happens.
    if (failure.code === 'internal')
      this.parts.log.warn({ reason: failure.message }, 'a run failed')
    job.fail(failure, itemsOf([job]))
  }

  private async runOnce(queue: ModelQueue<InferJob>, batch: readonly InferJob[], times: RunTimes) {
    const { watchdog, Tensor } = this.parts
    const onStart = () => {
      times.startedAtMs = performance.now()
      const earliest = Math.min(...batch.map(({ deadlineAtMs }) => deadlineAtMs))
      for (const job of batch) job.begin()
      watchdog.begin(
        'run',
        queue.model.number,
        Math.max(earliest - times.startedAtMs, runTimeoutMinMs),
      )
    }
    const onEnd = () => (times.endedAtMs = performance.now())
    try {
      return await runModel(queue.model, batch, { Tensor, onStart, onEnd })
    } finally {
      watchdog.end()
      for (const job of batch) job.end()
      const sizeBytes = batch.reduce((sum, job) => sum + job.sizeBytes, 0)
      if (times.startedAtMs > 0) queue.ran(times.endedAtMs - times.startedAtMs, sizeBytes)
    }
  }

  private stopJoining(queue: ModelQueue<InferJob>): void {
    queue.stopJoining()
    const { name: model, version } = queue.model
    this.parts.log.warn(
      { model, version },
      'the first dimension of the model is not a batch; its requests run one by one from now on',
    )
  }
}

/** Rows along the batch dimension; a request to a model that has none counts as one. */
function itemsOf(batch: readonly InferJob[]): number {
  return batch.reduce((sum, { plan }) => sum + Math.max(plan.items, 1), 0)
}
