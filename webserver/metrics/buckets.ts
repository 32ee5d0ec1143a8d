/**
 * Histogram buckets at powers of two, so that a value finds its bucket in a few instructions. Bucket i holds values up
 * to `smallest · 2^i`, the last one everything beyond.
 */
export interface Buckets {
  count: number
  /** Upper bounds of all but the last, smallest first. */
  bounds: readonly number[]
  /** @param value not negative, in the unit of the bounds. */
  indexOf(value: number): number
}

// Values are scaled so that the first bound is 1 and then rounded up to a whole number of 31 bits at most.
const scaledMax = 2 ** 30

export function powersOfTwo(smallest: number, boundCount: number): Buckets {
  const bounds = Array.from({ length: boundCount }, (_, i) => smallest * 2 ** i)
  const indexOf = (value: number) => {
    const scaled = Math.min(Math.ceil(value / smallest), scaledMax)
    return scaled <= 1 ? 0 : Math.min(32 - Math.clz32(scaled - 1), boundCount)
  }
  return { count: boundCount + 1, bounds, indexOf }
}

/** In µs: 16 µs to 134 s. */
export const durationBuckets = powersOfTwo(16, 24)

/** Items of a run, or commands of a commit: 1 to 4096. */
export const sizeBuckets = powersOfTwo(1, 13)
