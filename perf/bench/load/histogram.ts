/** A histogram as it travels between processes: pairs of bucket and count, buckets ascending. */
export type HistogramData = readonly (readonly [number, number])[]

const subBits = 7
const subCount = 1 << subBits

/**
 * Counts of durations in whole µs, in buckets that are linear below 256 µs and then 128 to each doubling, so that a
 * percentile is off by less than 0.8 % however long the durations are (the layout of HdrHistogram).
 */
export class Histogram {
  private readonly counts = new Map<number, number>()
  private total = 0

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram()
    histogram.add(data)
    return histogram
  }

  get count(): number {
    return this.total
  }

  recordMs(durationMs: number): void {
    this.countUp(bucketOf(Math.max(0, Math.round(durationMs * 1000))), 1)
  }

  /** Adds the counts of another. */
  add(data: HistogramData): void {
    for (const [bucket, count] of data) this.countUp(bucket, count)
  }

  /** The duration that at least `share` (0–1) of the records do not exceed, in ms; NaN without records. */
  percentileMs(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.total))
    for (const [bucket, count] of this.data()) {
      left -= count
      if (left <= 0) return highestUsOf(bucket) / 1000
    }
    return NaN
  }

  data(): HistogramData {
    return [...this.counts].sort(([a], [b]) => a - b)
  }

  private countUp(bucket: number, count: number): void {
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + count)
    this.total += count
  }
}

/** The first 256 buckets hold one µs each; from there each doubling has 128. */
function bucketOf(us: number): number {
  if (us < 2 * subCount) return us
  const shift = Math.floor(Math.log2(us)) - subBits
  return (shift + 1) * subCount + Math.floor(us / 2 ** shift) - subCount
}

function highestUsOf(bucket: number): number {
  if (bucket < 2 * subCount) return bucket
  const shift = Math.floor(bucket / subCount) - 1
  return ((bucket % subCount) + subCount + 1) * 2 ** shift - 1
}
