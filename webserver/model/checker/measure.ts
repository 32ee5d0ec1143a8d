import type { TuningTable } from '../model-plan'

export interface MeasureOptions {
  itemsMax: number
  /** About how long all runs together may take. */
  budgetMs: number
  /** Runs that many items once. @returns how long it took, in ms. */
  run(items: number): Promise<number>
}

interface Series {
  items: number
  timesMs: number[]
}

const roundsMin = 4
const roundsMax = 100
// A larger batch makes others wait longer, so it must be worth it.
const nearlyBest = 0.95

/**
 * Times runs of 1, 2, 4, … items, as far as there is time to repeat each of them. Every round goes through all sizes, so
 * that what else the machine does falls on all alike.
 * @returns smallest first; without rows when even the first run fails.
 */
export async function measure(options: MeasureOptions): Promise<TuningTable['rows']> {
  const endAtMs = performance.now() + options.budgetMs
  const series = await findSizes(options, endAtMs)
  for (let round = 0; round < roundsMax && performance.now() < endAtMs; round++)
    for (const { items, timesMs } of series) timesMs.push(await options.run(items))
  return series.map(({ items, timesMs }) => ({ items, runMs: round3(median(timesMs)) }))
}

/** Doubles the size until it, or the time that a few rounds would take, is too much, or a run fails. */
async function findSizes({ itemsMax, run }: MeasureOptions, endAtMs: number): Promise<Series[]> {
  const series: Series[] = []
  let roundMs = 0
  for (let items = 1; items <= itemsMax; items *= 2) {
    const expectedMs = 2 * (series.at(-1)?.timesMs[0] ?? 0)
    const leftMs = endAtMs - performance.now()
    if (items > 1 && 2 * expectedMs + roundsMin * (roundMs + expectedMs) > leftMs) break
    try {
      // The first run of a size pays for its memory.
      await run(items)
      series.push({ items, timesMs: [await run(items)] })
    } catch {
      break
    }
    roundMs += series.at(-1)!.timesMs[0]!
  }
  return series
}

/** The smallest size that is about as fast an item as the fastest. @param rows at least one. */
export function bestItemsOf(rows: TuningTable['rows']): number {
  const rate = ({ items, runMs }: TuningTable['rows'][number]) => items / runMs
  const best = Math.max(...rows.map(rate))
  return rows.find((row) => rate(row) >= best * nearlyBest)!.items
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

function round3(value: number): number {
  return Math.max(Math.round(value * 1000), 1) / 1000
}
