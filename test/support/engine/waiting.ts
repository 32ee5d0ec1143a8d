import { Counts } from '../../../webserver/metrics/counts'
import { Account } from '../../../webserver/model/engine/account'
import type { Backlog } from '../../../webserver/model/engine/backlog'
import { InferJob } from '../../../webserver/model/engine/infer-job'
import type { InferPlan } from '../../../webserver/model/engine/infer-plan'
import { ModelQueue } from '../../../webserver/model/engine/model-queue'
import { ModelStatistics } from '../../../webserver/model/engine/model-statistics'
import { batchItemsMaxOf } from '../../../webserver/model/engine/run-cost'
import type { ServedModel } from '../../../webserver/model/engine/served-model'
import type { TuningTable } from '../../../webserver/model/model-plan'
import {
  modelSettingsSchema,
  type ModelSettingsInput,
} from '../../../webserver/model/model-settings'

const limits = {
  queueMax: 10_000,
  queueTimeoutMs: 1e9,
  batchItemsMax: 8,
  batchTargetMs: 1e9,
  batchRunMaxMs: 50,
}

/** A table whose runs take 1 ms an item. */
export function linearTable(bestItems: number, msPerItem = 1): TuningTable {
  const rows = [1, 2, 4, 8, 16, 32].map((items) => ({ items, runMs: items * msPerItem }))
  return { key: '', measuredAt: '', rows, bestItems }
}

/** The queue of a model whose batch is its first dimension; nothing of it is ever run. */
export function queueOf(
  settingsInput: ModelSettingsInput = {},
  tuning: TuningTable | null = linearTable(8),
): ModelQueue {
  const settings = modelSettingsSchema.parse(settingsInput)
  const model = {
    name: 'model',
    version: '1',
    joinable: settings.batching,
    batchItemsMax: batchItemsMaxOf({ settings, tuning }, limits),
    settings,
    tuning,
  } as unknown as ServedModel
  return new ModelQueue(model, limits, new ModelStatistics(new Counts(), model))
}

export interface JobFacts {
  account?: Account
  items?: number
  /** Requests of equal shape can be joined. */
  shape?: string
  priority?: number
  expiresAtMs?: number
}

/** A request that waits and is never answered. */
export class WaitingJob extends InferJob {
  readonly account: Account
  readonly plan: InferPlan
  readonly values = []
  readonly sizeBytes = 1
  readonly deadlineAtMs = Infinity

  constructor({ account = new Account('one'), items = 1, shape = '', ...facts }: JobFacts = {}) {
    super()
    this.account = account
    this.plan = { items, joinKey: shape, priority: facts.priority ?? 0 } as InferPlan
    this.expiresAtMs = facts.expiresAtMs ?? Infinity
  }

  begin(): void {}
  end(): void {}
  succeed(): void {}
  fail(): void {}
}

/** Puts a request into a backlog as the scheduler does. */
export function wait(backlog: Backlog, queue: ModelQueue, job: WaitingJob, nowMs = 0): WaitingJob {
  job.level = queue.levelOf(job.plan.priority)
  job.costMs = queue.cost.shareMs(job.plan.items, job.sizeBytes)
  job.queuedAtMs = nowMs
  backlog.push(queue, job)
  return job
}
