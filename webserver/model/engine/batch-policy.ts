import type { ModelSettings } from '../model-settings'

/** When a batch is large enough to run (Triton's `dynamic_batching`). */
export class BatchPolicy {
  /** How long the oldest request may be held for others to join it; 0 is not at all. */
  readonly delayMs: number
  /** Whatever waits is taken. */
  readonly takesAll: boolean
  private readonly preferred: ReadonlySet<number>
  private readonly largest: number

  constructor(
    { queueDelayUs, preferredBatchSizes }: ModelSettings,
    private readonly itemsMax: number,
  ) {
    this.delayMs = queueDelayUs / 1000
    this.takesAll = queueDelayUs === 0 && preferredBatchSizes.length === 0
    const sizes = preferredBatchSizes.filter((size) => size <= itemsMax)
    this.preferred = new Set(sizes.length > 0 ? sizes : [itemsMax])
    this.largest = Math.max(...this.preferred)
  }

  /**
   * How many of the requests that could run together do so now; 0 is to wait for more.
   * @param items of each request, in their order; together at most the model's maximum.
   * @param ageMs how long the oldest of them has waited.
   * @param isClosed whether something waits that could not join them.
   */
  countToRun(items: readonly number[], ageMs: number, isClosed: boolean): number {
    const { sum, preferredCount } = this.walk(items)
    const isLate = this.delayMs > 0 && ageMs >= this.delayMs
    if (preferredCount > 0 && !isLate) return preferredCount
    const isDue = isClosed || isLate || this.delayMs === 0 || sum >= this.largest
    return isDue ? items.length : 0
  }

  /** The longest beginning that adds up to a preferred size, or else the one before all preferred sizes are exceeded. */
  private walk(items: readonly number[]): { sum: number; preferredCount: number } {
    let sum = 0
    let preferredCount = 0
    for (const [index, size] of items.entries()) {
      if (sum > 0 && preferredCount === 0 && sum + size > this.largest) preferredCount = index
      sum += size
      if (this.preferred.has(sum)) preferredCount = index + 1
    }
    return { sum, preferredCount }
  }
}
