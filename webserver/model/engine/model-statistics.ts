import type { ErrorCode } from '../../domain/errors'
import {
  batchColumn,
  type FailureReason,
  failureReasons,
  inferenceStages,
  modelColumn,
} from '../../metrics/block-kinds'
import { durationBuckets, sizeBuckets } from '../../metrics/buckets'
import type { Counts } from '../../metrics/counts'

/** The moments of one run, by `performance.now()`. */
export interface RunTimes {
  /** Its requests have left the queue; their inputs are now joined. */
  takenAtMs: number
  /** Right before and right after the native run. */
  startedAtMs: number
  endedAtMs: number
}

// Beyond so many sizes, runs are counted in the model's sums and histogram only.
const batchSizesMax = 128

const stageOf = Object.fromEntries(inferenceStages.map((stage, index) => [stage, index])) as Record<
  (typeof inferenceStages)[number],
  number
>

/** What one engine counts of one model version, in the terms of the statistics extension of the protocol. */
export class ModelStatistics {
  private readonly values: Float64Array
  private readonly last: Float64Array
  private readonly batches = new Map<number, Float64Array>()
  private readonly labels: readonly string[]

  constructor(
    private readonly counts: Counts,
    model: { name: string; version: string },
  ) {
    this.labels = [model.name, model.version]
    this.values = counts.block('model', this.labels)
    this.last = counts.block('last_inference', this.labels)
  }

  /** Tells how many requests wait, until the next call. */
  observePending(read: () => number): void {
    this.counts.observe('pending', this.labels, (values) => (values[0] = read()))
  }

  /**
   * A request was computed and its answer is on its way.
   * @param completeAtMs when the whole request was here. @param items of this request.
   */
  requestSucceeded(completeAtMs: number, run: RunTimes, items: number): void {
    const now = performance.now()
    this.values[modelColumn.success]!++
    this.values[modelColumn.items]! += items
    this.addStage(stageOf.request, now - completeAtMs)
    this.addStage(stageOf.queue, run.takenAtMs - completeAtMs)
    this.addStage(stageOf.compute_input, run.startedAtMs - run.takenAtMs)
    this.addStage(stageOf.compute_infer, run.endedAtMs - run.startedAtMs)
    this.addStage(stageOf.compute_output, now - run.endedAtMs)
  }

  /** A run ended well and all its requests are answered. @param items of all its requests. */
  runSucceeded(run: RunTimes, items: number): void {
    this.last[0] = Date.now()
    this.values[modelColumn.runs]!++
    this.values[modelColumn.ranItems]! += items
    this.values[modelColumn.batchBuckets + sizeBuckets.indexOf(items)]!++
    const batch = this.batchOf(items)
    if (batch === undefined) return
    batch[batchColumn.runs]!++
    batch[batchColumn.computeInputNs]! += nsOf(run.startedAtMs - run.takenAtMs)
    batch[batchColumn.computeInferNs]! += nsOf(run.endedAtMs - run.startedAtMs)
    batch[batchColumn.computeOutputNs]! += nsOf(performance.now() - run.endedAtMs)
  }

  /** @param durationMs from the complete request, 0 for one that never was. */
  requestFailed(reason: FailureReason, durationMs: number): void {
    this.values[modelColumn.failure + failureReasons.indexOf(reason)]!++
    this.values[modelColumn.failureNs]! += nsOf(durationMs)
  }

  /** A request was answered from the response cache. @param lookupMs what finding the answer took. */
  cacheHit(completeAtMs: number, lookupMs: number): void {
    this.last[0] = Date.now()
    this.values[modelColumn.success]!++
    this.values[modelColumn.cacheHit]!++
    this.values[modelColumn.cacheHitNs]! += nsOf(lookupMs)
    this.addStage(stageOf.request, performance.now() - completeAtMs)
    this.addStage(stageOf.queue, 0)
  }

  /** The response cache had no answer; the request is counted when it has run. @param spentMs looking and inserting. */
  cacheMiss(spentMs: number): void {
    this.values[modelColumn.cacheMiss]!++
    this.values[modelColumn.cacheMissNs]! += nsOf(spentMs)
  }

  private addStage(stage: number, durationMs: number): void {
    this.values[modelColumn.stageNs + stage]! += nsOf(durationMs)
    const bucket = durationBuckets.indexOf(durationMs * 1000)
    this.values[modelColumn.stageBuckets + stage * durationBuckets.count + bucket]!++
  }

  private batchOf(items: number): Float64Array | undefined {
    const known = this.batches.get(items)
    if (known !== undefined || this.batches.size >= batchSizesMax) return known
    const batch = this.counts.block('batch', [...this.labels, String(items)])
    this.batches.set(items, batch)
    return batch
  }
}

/** Whole, so that sums stay exact. */
function nsOf(durationMs: number): number {
  return Math.round(durationMs * 1e6)
}

/** Triton's reason for what the caller was answered. */
export function reasonOf(code: ErrorCode): FailureReason {
  switch (code) {
    case 'unavailable':
    case 'rate_limited':
      return 'REJECTED'
    case 'deadline':
      return 'TIMEOUT'
    case 'internal':
      return 'BACKEND'
    default:
      return 'OTHER'
  }
}
