import type { AppError } from '../../domain/errors'
import type { Account, Line } from './account'
import type { OutputValues } from './answer-tensor'
import type { Expiring } from './expiry-heap'
import type { InferPlan } from './infer-plan'
import type { Linked } from './linked-queue'
import type { RunTimes } from './model-statistics'
import type { RunInput } from './run-model'
import type { Values } from './datatypes'

/**
 * A request from the moment it waits; the scheduler calls exactly one of `succeed` and `fail`, once, unless it is
 * cancelled before. The fields with a value here are the scheduler's own.
 */
export abstract class InferJob implements RunInput, Linked<InferJob>, Expiring {
  abstract readonly account: Account
  abstract readonly plan: InferPlan
  abstract readonly values: readonly Values[]
  /** Of its body. */
  abstract readonly sizeBytes: number
  /** When it must be answered, by `performance.now()`; a run past it is killed with its engine. */
  abstract readonly deadlineAtMs: number

  previous: InferJob | null = null
  next: InferJob | null = null
  heapIndex = 0
  /** The line it waits in. */
  line: Line | null = null
  /** Its priority, from 0, the first. */
  level = 0
  queuedAtMs = 0
  /** When it leaves the queue unserved. */
  expiresAtMs = 0
  /** What its share of a run is expected to take. */
  costMs = 0

  /** Called right before the run and right after it; a run repeated alone is a second pair. */
  abstract begin(): void
  abstract end(): void
  abstract succeed(outputs: readonly OutputValues[], batchItems: number, times: RunTimes): void
  abstract fail(error: AppError, batchItems: number): void
}

/** Rows along the batch dimension; a request to a model that has none counts as one. */
export function itemsOf(batch: readonly InferJob[]): number {
  return batch.reduce((sum, { plan }) => sum + Math.max(plan.items, 1), 0)
}
