import { durationBuckets, sizeBuckets } from './buckets'

/** Why an infer request failed: Triton's reasons, and TIMEOUT, which it counts among the rejected. */
export const failureReasons = ['REJECTED', 'CANCELED', 'TIMEOUT', 'BACKEND', 'OTHER'] as const
export type FailureReason = (typeof failureReasons)[number]

/** Whose distribution is kept; `request` is from the complete request to its answer. */
export const inferenceStages = [
  'request',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
] as const

const failureCount = failureReasons.length
const stageCount = inferenceStages.length

/** Where a model version's numbers lie in its block. Durations are ns, as the statistics extension has them. */
export const modelColumn = columnsOf({
  success: 1,
  /** By reason, in the order of `failureReasons`. */
  failure: failureCount,
  failureNs: 1,
  /** Of the requests that went well, in the order of `inferenceStages`. */
  stageNs: stageCount,
  /** Items that were computed, and the runs that did. */
  items: 1,
  runs: 1,
  /** Of all runs, the items for requests that were cancelled meanwhile included. */
  ranItems: 1,
  cacheHit: 1,
  cacheHitNs: 1,
  cacheMiss: 1,
  cacheMissNs: 1,
  /** One histogram after the other, of successful requests. */
  stageBuckets: stageCount * durationBuckets.count,
  batchBuckets: sizeBuckets.count,
})

/** What runs of one size have cost. */
export const batchColumn = columnsOf({
  runs: 1,
  computeInputNs: 1,
  computeInferNs: 1,
  computeOutputNs: 1,
})

export const httpColumn = columnsOf({
  durationNs: 1,
  /** Of the bodies. */
  bytesIn: 1,
  bytesOut: 1,
  durationBuckets: durationBuckets.count,
})

export const processColumn = columnsOf({ cpuUs: 1, loopActiveUs: 1 })
export const memoryColumn = columnsOf({ residentBytes: 1, heapBytes: 1 })
export const loadColumn = columnsOf({ loaded: 1, failed: 1, loadNs: 1 })

export const commitColumn = columnsOf({
  durationNs: 1,
  commands: 1,
  durationBuckets: durationBuckets.count,
  sizeBuckets: sizeBuckets.count,
})

/** Appends that were answered before they were durable, and what became of them. */
export const heldAppendColumn = columnsOf({
  flushedPieces: 1,
  flushedBytes: 1,
  flushes: 1,
  droppedPieces: 1,
  droppedBytes: 1,
})

export const storeCheckColumn = columnsOf({ adopted: 1, foreign: 1, damaged: 1 })

/**
 * How the numbers of several processes become one: counts are added up and outlive their process, `max` keeps the
 * largest, and a gauge is what a living process said last.
 */
export type Combination = 'sum' | 'max' | 'gauge'

interface BlockKind {
  combine: Combination
  length: number
}

/** What processes count: a block is the numbers that share their labels. */
export const blockKinds = {
  /** Labels: model, version. */
  model: { combine: 'sum', length: modelColumn.length },
  /** Labels: model, version, items of the run. */
  batch: { combine: 'sum', length: batchColumn.length },
  /** When the model was last run, in ms since 1970. Labels: model, version. */
  last_inference: { combine: 'max', length: 1 },
  /** Requests that wait. Labels: model, version. */
  pending: { combine: 'gauge', length: 1 },
  /** Labels: model, version. */
  load: { combine: 'sum', length: loadColumn.length },
  /** Engines that a run or load ended. Labels: model, version, reason. */
  engine_death: { combine: 'sum', length: 1 },
  /** Requests of workers. Labels: method, route template, class of the status. */
  http: { combine: 'sum', length: httpColumn.length },
  /** Requests that a worker has in hand. Labels: slot. */
  http_in_flight: { combine: 'gauge', length: 1 },
  /** Group commits of the writer. No labels. */
  commit: { combine: 'sum', length: commitColumn.length },
  /** Commands that wait for the writer's next commit. No labels. */
  commit_queue: { combine: 'gauge', length: 1 },
  /** Pieces of files that workers held. No labels. */
  held_append: { combine: 'sum', length: heldAppendColumn.length },
  /** What the last comparison of store and records found. No labels. */
  store_check: { combine: 'gauge', length: storeCheckColumn.length },
  /** Labels: role, slot. */
  process: { combine: 'sum', length: processColumn.length },
  memory: { combine: 'gauge', length: memoryColumn.length },
  /** Processes that ended without having been asked to. Labels: role, reason. */
  death: { combine: 'sum', length: 1 },
  /** Blocks that found no place in the totals. No labels. */
  dropped: { combine: 'sum', length: 1 },
} as const satisfies Record<string, BlockKind>

export type BlockKindName = keyof typeof blockKinds

/** Gives each name the place of its first column; `length` is that of them all. */
function columnsOf<const T extends Record<string, number>>(
  widths: T,
): { [K in keyof T | 'length']: number } {
  const columns: Record<string, number> = {}
  let length = 0
  for (const [name, width] of Object.entries(widths)) {
    columns[name] = length
    length += width
  }
  return { ...columns, length } as { [K in keyof T | 'length']: number }
}
