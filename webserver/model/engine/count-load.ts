import type { Perf } from '../../../perf/timing'
import { loadColumn } from '../../metrics/block-kinds'
import type { Counts } from '../../metrics/counts'
import type { PlannedModel } from '../model-plan'

/** Enters a load, and whether it succeeded, into the perf log and the metrics. @throws what the load throws. */
export async function countLoad<T>(
  { name, version, sizeBytes }: PlannedModel,
  { perf, counts }: { perf: Perf; counts: Counts },
  load: () => Promise<T>,
): Promise<T> {
  const startedAt = perf.now()
  const startedAtMs = performance.now()
  const enter = (column: number, how: Record<string, string | number>) => {
    perf.call('model_load', startedAt, { m: name, v: version, ...how })
    const block = counts.block('load', [name, version])
    block[column]!++
    block[loadColumn.loadNs]! += Math.round((performance.now() - startedAtMs) * 1e6)
  }
  try {
    const loaded = await load()
    enter(loadColumn.loaded, { bytes: sizeBytes })
    return loaded
  } catch (error) {
    enter(loadColumn.failed, { e: 'failed' })
    throw error
  }
}
