import type { Case } from '../cases'
import type { Loops } from '../loops'
import type { LoopOrder, LoopResult } from '../peers/session-loop'
import { median } from '../statistics'

const batches = [1, 2, 4, 8, 16, 32] as const
const durationMs = 250

/** What bare session loops reach, items per second, one entry per round. */
export interface Compute {
  /** One process, batches of one, the rest of the machine idle. */
  alone: number[]
  /** As many processes as engines, all at once, by batch size. */
  together: Map<number, number[]>
}

export async function measureCompute(args: {
  loops: Loops<LoopOrder, LoopResult>
  engines: number
  sample: Case
  file: string
  compute: Map<string, Compute>
}): Promise<void> {
  const { loops, engines, sample, file, compute } = args
  const known: Compute = compute.get(sample.model) ?? { alone: [], together: new Map() }
  compute.set(sample.model, known)
  const order = (batch: number) => ({ file, feeds: feedsOf(sample), batch, durationMs })
  const [alone] = await loops.measure([order(1)])
  known.alone.push(alone!.itemsPerS)
  for (const batch of batches) {
    const results = await loops.measure(Array.from({ length: engines }, () => order(batch)))
    const itemsPerS = results.reduce((sum, result) => sum + result.itemsPerS, 0)
    known.together.set(batch, [...(known.together.get(batch) ?? []), itemsPerS])
    const runMs = (1000 * batch * engines) / itemsPerS
    if (runMs > durationMs) break
  }
}

function feedsOf(sample: Case): LoopOrder['feeds'] {
  return sample.inputs.map(({ name, shape, data }) => {
    if (data instanceof BigInt64Array) throw new TypeError('no case has 64-bit integers')
    return { name, shape: [...shape], data }
  })
}

/**
 * The most items a second that so many clients could get out of the bare loops, by round: one alone by itself, more by
 * the best batch size that their number can fill in every engine at once.
 */
export function bestCompute(
  { alone, together }: Compute,
  clients: number,
  engines: number,
): { itemsPerS: readonly number[]; batch: number } {
  if (clients === 1) return { itemsPerS: alone, batch: 1 }
  const batchMax = Math.max(1, Math.floor(clients / engines))
  return [...together]
    .filter(([batch, rounds]) => batch <= batchMax && rounds.length === alone.length)
    .map(([batch, itemsPerS]) => ({ batch, itemsPerS }))
    .reduce((best, next) => (median(next.itemsPerS) > median(best.itemsPerS) ? next : best))
}
