import type { PlannedModel, TuningTable } from '../model-plan'

export interface RunCostLimits {
  batchItemsMax: number
  batchTargetMs: number
  batchRunMaxMs: number
}

// How much of each new measurement goes into the estimate, and how far one may stand out: a run that the machine
// interrupted says little about the model.
const weight = 0.2
const outlierFactor = 4

/** What runs of one model cost, by its table where it has one, else as they show. */
export class RunCost {
  private readonly msPerItem: number
  /** Estimated from past runs; 0 before the first. */
  private msPerByte = 0

  constructor(
    private readonly tuning: TuningTable | null,
    batchItemsMax: number,
    private readonly targetMs: number,
  ) {
    this.msPerItem = tuning === null ? 0 : runMsOf(tuning, batchItemsMax) / batchItemsMax
  }

  /** Whether bodies of so many bytes are one run within the target; unknown, hence not, before the first run without a table. */
  allows(sizeBytes: number): boolean {
    if (this.msPerByte === 0) return this.tuning !== null || this.targetMs === Infinity
    return sizeBytes * this.msPerByte <= this.targetMs
  }

  /** What a request adds to a full run; 0 when nothing is known yet. */
  shareMs(items: number, sizeBytes: number): number {
    return this.tuning === null ? sizeBytes * this.msPerByte : Math.max(items, 1) * this.msPerItem
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
}

/** What a run of so many items takes, between the measured sizes by the straight line, beyond them in proportion. */
export function runMsOf({ rows }: TuningTable, items: number): number {
  const above = rows.findIndex((row) => row.items >= items)
  if (above === -1) return (rows.at(-1)!.runMs * items) / rows.at(-1)!.items
  const high = rows[above]!
  if (above === 0) return high.runMs
  const low = rows[above - 1]!
  const part = (items - low.items) / (high.items - low.items)
  return low.runMs + part * (high.runMs - low.runMs)
}

/**
 * How long a joined run may be: who states preferred sizes or a delay wants his batches; a model that was measured is
 * bounded for the sake of others; of any other nobody knows whether joining gains anything.
 */
export function runTargetMsOf(
  { settings, tuning }: Pick<PlannedModel, 'settings' | 'tuning'>,
  limits: RunCostLimits,
): number {
  if (settings.preferredBatchSizes.length > 0 || settings.queueDelayUs > 0) return Infinity
  return tuning === null ? limits.batchTargetMs : limits.batchRunMaxMs
}

/** Most items of a joined run: what the model says, else what measured best, else the setting; never longer than a run may be. */
export function batchItemsMaxOf(
  { settings, tuning }: Pick<PlannedModel, 'settings' | 'tuning'>,
  limits: RunCostLimits,
): number {
  let items = settings.batchItemsMax ?? tuning?.bestItems ?? limits.batchItemsMax
  if (tuning !== null) while (items > 1 && runMsOf(tuning, items) > limits.batchRunMaxMs) items--
  return items
}
