/** Numbers of which exact percentiles are wanted; 4 bytes each as long as none exceeds 2^32 - 1 (71 minutes in µs), then 8. */
export class Samples {
  count = 0
  sum = 0
  private values: Uint32Array | Float64Array = new Uint32Array(64)
  private sorted = true

  add(value: number): void {
    if (value > 0xffff_ffff && this.values instanceof Uint32Array) {
      this.values = Float64Array.from(this.values)
    }
    if (this.count === this.values.length) this.grow()
    this.values[this.count++] = value
    this.sum += value
    this.sorted = false
  }

  /** Nearest rank: the smallest value with at least this share of all values at or below it. Undefined without any. */
  percentile(perMille: number): number | undefined {
    if (this.count === 0) return undefined
    this.sort()
    return this.values[Math.max(1, Math.ceil((this.count * perMille) / 1000)) - 1]
  }

  private sort(): void {
    if (this.sorted) return
    this.values.subarray(0, this.count).sort()
    this.sorted = true
  }

  private grow(): void {
    const { values } = this
    const larger =
      values instanceof Uint32Array
        ? new Uint32Array(values.length * 2)
        : new Float64Array(values.length * 2)
    larger.set(values)
    this.values = larger
  }
}
