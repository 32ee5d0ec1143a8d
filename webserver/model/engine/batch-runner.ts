import type { Logger } from '../../platform/logger'
import { runError } from './infer-error'
import { type InferJob, itemsOf } from './infer-job'
import type { ModelQueue } from './model-queue'
import type { RunTimes } from './model-statistics'
import { JoinMemory, RowCountError, runModel, type TensorMaker } from './run-model'
import type { Watchdog } from './watchdog'

export interface RunnerParts {
  watchdog: Watchdog
  Tensor: TensorMaker
  log: Logger
}

// A run that starts just before its deadline is given this long: it would take the requests of others with it.
const runTimeoutMinMs = 500

/** Runs batches and answers their requests, each as if it had been alone. */
export class BatchRunner {
  private readonly memory = new JoinMemory()

  constructor(private readonly parts: RunnerParts) {}

  /** Resolves when every request of the batch has been answered; never rejects. */
  async run(queue: ModelQueue, batch: readonly InferJob[]): Promise<void> {
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
    queue: ModelQueue,
    batch: readonly InferJob[],
    error: unknown,
  ): Promise<null> {
    if (error instanceof RowCountError) this.stopJoining(queue)
    if (batch.length === 1) this.fail(queue, batch[0]!, error)
    else for (const job of batch) await this.run(queue, [job])
    return null
  }

  private fail(queue: ModelQueue, job: InferJob, error: unknown): void {
    const failure = runError(error, queue.model.name)
    // Without the error itself: what a caller sends decides how often this happens.
    if (failure.code === 'internal')
      this.parts.log.warn({ reason: failure.message }, 'a run failed')
    job.fail(failure, itemsOf([job]))
  }

  private async runOnce(queue: ModelQueue, batch: readonly InferJob[], times: RunTimes) {
    const { watchdog, Tensor } = this.parts
    const onStart = () => {
      times.startedAtMs = performance.now()
      queue.model.lastRunAtMs = times.startedAtMs
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
      return await runModel(queue.model, batch, { Tensor, memory: this.memory, onStart, onEnd })
    } finally {
      watchdog.end()
      for (const job of batch) job.end()
      const sizeBytes = batch.reduce((sum, job) => sum + job.sizeBytes, 0)
      if (times.startedAtMs > 0) queue.cost.ran(times.endedAtMs - times.startedAtMs, sizeBytes)
    }
  }

  private stopJoining(queue: ModelQueue): void {
    queue.stopJoining()
    const { name: model, version } = queue.model
    this.parts.log.warn(
      { model, version },
      'the first dimension of the model is not a batch; its requests run one by one from now on',
    )
  }
}
