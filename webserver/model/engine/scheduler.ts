import { AppError } from '../../domain/errors'
import type { Counts } from '../../metrics/counts'
import type { Account } from './account'
import { Alarm } from './alarm'
import { Backlog, type Batch } from './backlog'
import { BatchRunner, type RunnerParts } from './batch-runner'
import type { InferJob } from './infer-job'
import { ModelQueue, type QueueLimits } from './model-queue'
import { ModelStatistics } from './model-statistics'
import { Pace } from './pace'
import type { ServedModel } from './served-model'

interface SchedulerParts extends RunnerParts {
  limits: QueueLimits
  counts: Counts
  /** Puts a model into memory that is not there. @throws {AppError} why it cannot. */
  load(model: ServedModel): Promise<void>
}

// Where the prediction is this close to a request's limit it is refused: it would be answered just too late.
const waitShare = 0.8
const retryAfterMaxS = 60

/**
 * Runs what waits, one batch at a time, the accounts in turn. A request that finds nothing running is run at once; what
 * arrives during a run is joined into the next.
 */
export class Scheduler {
  private readonly backlog = new Backlog()
  private readonly pace = new Pace()
  private readonly runner: BatchRunner
  private readonly expiryAlarm = new Alarm(() => this.onExpiryAlarm())
  private readonly holdAlarm = new Alarm(() => this.wake())
  private isBusy = false

  constructor(private readonly parts: SchedulerParts) {
    this.runner = new BatchRunner(parts)
  }

  addModel(model: ServedModel): ModelQueue {
    const { limits, counts } = this.parts
    return new ModelQueue(model, limits, new ModelStatistics(counts, model))
  }

  get waiting(): number {
    return this.backlog.waiting
  }

  /**
   * Whether one more request of an account could be begun in time.
   * @param waitMaxMs how long it could wait.
   * @throws {AppError} `unavailable` when too many wait for the model, or what waits before it takes too long.
   */
  admit(queue: ModelQueue, account: Account, waitMaxMs: number): void {
    if (queue.length >= queue.queueMax && queue.excessOver(account) === null)
      throw this.fullError(queue)
    if (this.wouldWait(account, waitMaxMs * waitShare))
      throw this.unavailable(
        `The requests before this one would keep it waiting for longer than ` +
          `${Math.round(waitMaxMs)} ms for model '${queue.model.name}'`,
      )
  }

  /**
   * Lets a request wait. When the queue is full it takes the place of one of the account that has the most there.
   * @param timeoutAtMs when its client gives it up, by `performance.now()`.
   * @throws {AppError} as `admit`; `invalid` for a priority that the model does not have.
   */
  submit(queue: ModelQueue, job: InferJob, timeoutAtMs: number): void {
    const nowMs = performance.now()
    const leavesAtMs = Math.min(job.deadlineAtMs, timeoutAtMs, nowMs + queue.queueTimeoutMs)
    job.level = queue.levelOf(job.plan.priority)
    job.costMs = queue.cost.shareMs(job.plan.items, job.sizeBytes)
    this.admit(queue, job.account, leavesAtMs - nowMs)
    if (queue.length >= queue.queueMax) this.displace(queue, queue.excessOver(job.account)!)
    job.queuedAtMs = nowMs
    job.expiresAtMs = leavesAtMs
    this.backlog.push(queue, job)
    this.expiryAlarm.set(leavesAtMs)
    this.wake()
  }

  /** Takes a request out, if it waits. */
  cancel(job: InferJob): void {
    if (job.line !== null) this.backlog.remove(job)
  }

  private wouldWait(account: Account, waitMaxMs: number): boolean {
    const { backlog, pace, parts } = this
    if (backlog.waitingMs * pace.factor <= waitMaxMs) return false
    return backlog.aheadMs(account, parts.limits.batchRunMaxMs) * pace.factor > waitMaxMs
  }

  private displace(queue: ModelQueue, job: InferJob): void {
    this.backlog.remove(job)
    job.fail(this.fullError(queue), 0)
  }

  private wake(): void {
    if (this.isBusy) return
    this.isBusy = true
    setImmediate(this.turn)
  }

  /** Each turn is a setImmediate, so that between two runs the event loop reads what has arrived. */
  private readonly turn = (): void => {
    // A run holds the thread, and no timer fires meanwhile.
    this.expire()
    const batch = this.backlog.takeBatch(performance.now())
    if (batch !== null) {
      void this.run(batch).then(() => setImmediate(this.turn))
      return
    }
    this.isBusy = false
    this.pace.rest()
    this.holdAlarm.set(this.backlog.heldUntilMs)
  }

  private async run(batch: Batch): Promise<void> {
    if (batch.queue.model.session === null && !(await this.load(batch))) return
    const startedAtMs = performance.now()
    const hasMore = this.backlog.waiting > 0
    const predictedMs = batch.jobs.reduce((sum, { costMs }) => sum + costMs, 0)
    await this.runner.run(batch.queue, batch.jobs)
    const nowMs = performance.now()
    this.backlog.charge(batch, nowMs - startedAtMs)
    this.pace.ran({ nowMs, predictedMs, isFull: hasMore })
  }

  /** Nothing else is run or answered meanwhile. @returns whether there is still something to run. */
  private async load({ queue, jobs }: Batch): Promise<boolean> {
    try {
      await this.parts.load(queue.model)
    } catch (error) {
      for (const job of jobs) job.fail(error as AppError, 0)
      return false
    }
    const nowMs = performance.now()
    const late = jobs.filter(({ expiresAtMs }) => expiresAtMs <= nowMs)
    for (const job of late) job.fail(this.expiredError(queue, job), 0)
    jobs.splice(0, jobs.length, ...jobs.filter((job) => !late.includes(job)))
    return jobs.length > 0
  }

  /** Answers the requests that have waited for as long as they may. */
  private expire(): void {
    const nowMs = performance.now()
    if (this.backlog.expiresAtMs > nowMs) return
    for (const { job, queue } of this.backlog.takeExpired(nowMs))
      job.fail(this.expiredError(queue, job), 0)
  }

  private onExpiryAlarm(): void {
    this.expire()
    this.expiryAlarm.set(this.backlog.expiresAtMs)
  }

  private expiredError({ model, queueTimeoutMs }: ModelQueue, job: InferJob): AppError {
    if (job.expiresAtMs === job.queuedAtMs + queueTimeoutMs && job.expiresAtMs < job.deadlineAtMs)
      return this.unavailable('Request timeout expired')
    return new AppError(
      'deadline',
      `Request timeout expired while waiting for model '${model.name}'`,
    )
  }

  private fullError({ model, queueMax }: ModelQueue): AppError {
    return this.unavailable(`Exceeds maximum queue size of ${queueMax} for model '${model.name}'`)
  }

  /** Retry-After is when what waits now will have been run. */
  private unavailable(message: string): AppError {
    const drainS = Math.ceil((this.backlog.waitingMs * this.pace.factor) / 1000)
    return new AppError('unavailable', message, {
      retryAfterS: Math.min(Math.max(drainS, 1), retryAfterMaxS),
    })
  }
}
