import type { ModelStatistics } from './model-statistics'
import type { RunInput } from './run-model'
import type { ServedModel } from './served-model'

/** A request in a queue, as far as batching sees it. */
export interface Waiting extends RunInput {
  /** Of its inputs. */
  sizeBytes: number
}

// How much of each new measurement goes into the estimate, and how far one may stand out: a run that the machine
// interrupted says little about the model.
const weight = 0.2
const outlierFactor = 4

/** The requests that wait for one model version, oldest first, and what its runs have cost so far. */
export class ModelQueue<Job extends Waiting> {
  private waiting: Job[] = []
  /** Estimated from past runs; 0 before the first. */
  private msPerByte = 0
  private mayJoin: boolean

  constructor(
    readonly model: ServedModel,
    private readonly batchTargetMs: number,
    readonly statistics: ModelStatistics,
  ) {
    this.mayJoin = model.joinable
    statistics.observePending(() => this.length)
  }

  get length(): number {
    return this.waiting.length
  }

  push(job: Job): void {
    this.waiting.push(job)
  }

  remove(job: Job): boolean {
    const at = this.waiting.indexOf(job)
    if (at !== -1) this.waiting.splice(at, 1)
    return at !== -1
  }

  /** Takes out the jobs for which `test` holds. */
  takeWhere(test: (job: Job) => boolean): Job[] {
    const taken = this.waiting.filter(test)
    if (taken.length > 0) this.waiting = this.waiting.filter((job) => !taken.includes(job))
    return taken
  }

  /**
   * Takes the oldest job and those that may run with it, as many as keep the run within its items and its target
   * length; none before the model's cost is known. Undefined when nothing waits.
   */
  takeBatch(): Job[] | undefined {
    const first = this.waiting[0]
    if (first === undefined) return undefined
    if (
      this.waiting.length === 1 ||
      !this.mayJoin ||
      first.plan.items === 0 ||
      this.msPerByte === 0
    )
      return [this.waiting.shift()!]
    return this.takeJoinable(first)
  }

  private takeJoinable(first: Job): Job[] {
    const batch: Job[] = []
    const left: Job[] = []
    let items = 0
    let sizeBytes = 0
    for (const job of this.waiting) {
      const fits =
        job.plan.items > 0 &&
        job.plan.joinKey === first.plan.joinKey &&
        items + job.plan.items <= this.model.batchItemsMax &&
        (sizeBytes + job.sizeBytes) * this.msPerByte <= this.batchTargetMs
      if (fits || job === first) {
        batch.push(job)
        items += job.plan.items
        sizeBytes += job.sizeBytes
      } else left.push(job)
    }
    this.waiting = left
    return batch
  }

  /** Learns from a run. */
  ran(durationMs: number, sizeBytes: number): void {
    const measured = durationMs / Math.max(sizeBytes, 1)
    if (this.msPerByte === 0) this.msPerByte = measured
    else {
      const sample = Math.min(measured, this.msPerByte * outlierFactor)
      this.msPerByte += (sample - this.msPerByte) * weight
    }
  }

  /** The model's first dimension has turned out not to be a batch. */
  stopJoining(): void {
    this.mayJoin = false
  }
}
