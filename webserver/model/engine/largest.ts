import type { NumericArray } from './datatypes'

/**
 * The places of the largest values, largest first; of equal ones the first comes first, and NaN comes last. A heap of
 * the answer's size holds the best so far, so that few of many cost little more than looking at each.
 * @param count at most the number of values.
 */
export function largest(values: NumericArray, count: number): number[] {
  if (count === 0) return []
  const heap = Array.from({ length: count }, (_, index) => index)
  for (let at = count >> 1; at >= 0; at--) sink(heap, at, values)
  for (let index = count; index < values.length; index++) {
    if (!ranksBefore(values, index, heap[0]!)) continue
    heap[0] = index
    sink(heap, 0, values)
  }
  return heap.sort((a, b) => (ranksBefore(values, a, b) ? -1 : 1))
}

function ranksBefore(values: NumericArray, a: number, b: number): boolean {
  const x = values[a]!
  const y = values[b]!
  if (x > y) return true
  if (x < y) return false
  if (x === y) return a < b
  return Number.isNaN(y) && (!Number.isNaN(x) || a < b)
}

/** The worst of the heap is its root. */
function sink(heap: number[], start: number, values: NumericArray): void {
  let at = start
  for (;;) {
    const left = 2 * at + 1
    let worst = at
    for (let child = left; child <= left + 1 && child < heap.length; child++)
      if (ranksBefore(values, heap[worst]!, heap[child]!)) worst = child
    if (worst === at) return
    const moved = heap[at]!
    heap[at] = heap[worst]!
    heap[worst] = moved
    at = worst
  }
}
