import { AppError } from '../../domain/errors'
import type { Account, Line } from './account'
import { BatchPolicy } from './batch-policy'
import type { InferJob } from './infer-job'
import type { ModelStatistics } from './model-statistics'
import { RunCost, type RunCostLimits, runTargetMsOf } from './run-cost'
import type { ServedModel } from './served-model'

export interface QueueLimits extends RunCostLimits {
  queueMax: number
  queueTimeoutMs: number
}

// How many requests are looked at for one run: with many shapes waiting, most of them cannot join it.
const lookedAtMax = 1024

/** The requests that wait for one model version, in a line per account. */
export class ModelQueue {
  length = 0
  /** After `nextBatch` answered none: when it will answer some even if nothing joins them. */
  heldUntilMs = 0
  /** Priorities that are told apart. */
  readonly levels: number
  readonly queueMax: number
  readonly queueTimeoutMs: number
  readonly cost: RunCost
  /** The lines in which something waits; the one that was served longest ago comes first. */
  private readonly lines = new Set<Line>()
  private readonly policy: BatchPolicy
  private mayJoin: boolean

  constructor(
    readonly model: ServedModel,
    limits: QueueLimits,
    readonly statistics: ModelStatistics,
  ) {
    const { settings, tuning, batchItemsMax } = model
    this.levels = Math.max(settings.priorityLevels, 1)
    this.queueMax = settings.queueMax ?? limits.queueMax
    this.queueTimeoutMs = settings.queueTimeoutMs ?? limits.queueTimeoutMs
    this.cost = new RunCost(tuning, batchItemsMax, runTargetMsOf(model, limits))
    this.policy = new BatchPolicy(settings, batchItemsMax)
    this.mayJoin = model.joinable
    statistics.observePending(() => this.length)
  }

  /**
   * The level of a priority, from 0; a model without priorities takes any for the same, as Triton does.
   * @throws {AppError} `invalid`.
   */
  levelOf(priority: number): number {
    const { priorityLevels, defaultPriority = priorityLevels } = this.model.settings
    if (priorityLevels === 0) return 0
    if (priority > priorityLevels)
      throw new AppError(
        'invalid',
        `priority ${priority} is out of range, model '${this.model.name}' has priorities 1 to ${priorityLevels}`,
        { field: 'parameters.priority' },
      )
    return Math.min(priority || defaultPriority, priorityLevels) - 1
  }

  push(job: InferJob): void {
    const line = job.account.lineFor(this)
    if (line.length === 0) {
      this.lines.add(line)
      line.account.lines.add(line)
    }
    line.push(job)
    this.length++
  }

  remove(job: InferJob): void {
    const line = job.line!
    line.remove(job)
    this.length--
    if (line.length > 0) return
    this.lines.delete(line)
    line.account.lines.delete(line)
  }

  /** After some of a line has been served, it is the turn of the account's other lines and of the other accounts. */
  rotate(line: Line): void {
    if (line.length === 0) return
    moveToEnd(this.lines, line)
    moveToEnd(line.account.lines, line)
  }

  /** The newest request of the account that holds most of the queue, if it holds so much more than `account` that it must give way. */
  excessOver(account: Account): InferJob | null {
    let longest: Line | null = null
    for (const line of this.lines)
      if (longest === null || line.length > longest.length) longest = line
    if (longest === null || longest.length < account.waitingFor(this) + 2) return null
    return longest.last
  }

  /**
   * The first request of a line and those that may run with it, of all accounts in turn, the highest priority first. They
   * stay in the queue. None when they are held for others to join them.
   */
  nextBatch(line: Line, nowMs: number): InferJob[] {
    const first = line.first!
    if (!this.mayJoin || first.plan.items === 0) return [first]
    if (this.length === 1 && this.policy.takesAll) return [first]
    const { jobs, isClosed } = this.gather(first)
    if (this.policy.takesAll) return jobs
    const oldestMs = Math.min(...jobs.map(({ queuedAtMs }) => queuedAtMs))
    const items = jobs.map(({ plan }) => plan.items)
    this.heldUntilMs = oldestMs + this.policy.delayMs
    return jobs.slice(0, this.policy.countToRun(items, nowMs - oldestMs, isClosed))
  }

  /** The model's first dimension has turned out not to be a batch. */
  stopJoining(): void {
    this.mayJoin = false
  }

  private gather(first: InferJob): Gathering {
    const gathering = new Gathering(first, this.model.batchItemsMax, this.cost)
    for (let level = 0; level < this.levels && !gathering.isFull; level++) {
      const turns = [...this.lines].map((line) => line.oldest(level))
      gathering.takeInTurn(turns.filter((job) => job !== null))
    }
    return gathering
  }
}

/** A batch as it grows. */
class Gathering {
  readonly jobs: InferJob[]
  /** Something waits that could not join. */
  isClosed = false
  isFull: boolean
  private items: number
  private sizeBytes: number
  private lookedAt = 0

  constructor(
    private readonly first: InferJob,
    private readonly itemsMax: number,
    private readonly cost: RunCost,
  ) {
    this.jobs = [first]
    this.items = first.plan.items
    this.sizeBytes = first.sizeBytes
    this.isFull = this.items >= itemsMax
  }

  /** @param turns the oldest request of each line; written over. */
  takeInTurn(turns: InferJob[]): void {
    while (turns.length > 0 && !this.isFull) {
      let lines = 0
      for (const oldest of turns) {
        const taken = this.takeOne(oldest)
        if (taken?.next) turns[lines++] = taken.next
      }
      turns.length = lines
    }
  }

  /** Takes the oldest of a line that fits. */
  private takeOne(oldest: InferJob): InferJob | null {
    for (let job: InferJob | null = oldest; job !== null; job = job.next) {
      if (this.isFull) return null
      if (job === this.first) return job
      if (this.fits(job)) {
        this.add(job)
        return job
      }
      this.isClosed = true
      this.isFull = ++this.lookedAt >= lookedAtMax
    }
    return null
  }

  private fits({ plan, sizeBytes }: InferJob): boolean {
    return (
      plan.items > 0 &&
      plan.joinKey === this.first.plan.joinKey &&
      this.items + plan.items <= this.itemsMax &&
      this.cost.allows(this.sizeBytes + sizeBytes)
    )
  }

  private add(job: InferJob): void {
    this.jobs.push(job)
    this.items += job.plan.items
    this.sizeBytes += job.sizeBytes
    this.isFull = this.items >= this.itemsMax
  }
}

function moveToEnd<T>(set: Set<T>, element: T): void {
  if (set.size === 1) return
  set.delete(element)
  set.add(element)
}
