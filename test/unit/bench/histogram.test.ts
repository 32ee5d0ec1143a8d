import { Histogram } from '../../../perf/bench/load/histogram'
import { seededRandom } from '../../../perf/bench/load/arrivals'
import { percentile } from '../../../perf/bench/statistics'

describe('the histogram of latencies', () => {
  it('is exact to the µs for short durations', () => {
    const histogram = new Histogram()
    for (let us = 1; us <= 200; us++) histogram.recordMs(us / 1000)
    expect([0.5, 0.99, 1].map((share) => histogram.percentileMs(share))).toEqual([0.1, 0.198, 0.2])
  })

  it('is off by less than 1 % from 1 µs to minutes', () => {
    const random = seededRandom(1)
    const durations = Array.from({ length: 20_000 }, () => 10 ** (8 * random() - 3))
    const histogram = new Histogram()
    durations.forEach((durationMs) => histogram.recordMs(durationMs))
    for (const share of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = percentile(durations, share)
      expect(Math.abs(histogram.percentileMs(share) - exact)).toBeLessThan(0.01 * exact + 0.0006)
    }
  })

  it('travels and merges without loss', () => {
    const [first, second, both] = [new Histogram(), new Histogram(), new Histogram()]
    for (let index = 0; index < 1000; index++) {
      const durationMs = index ** 2 / 100
      ;(index % 3 === 0 ? first : second).recordMs(durationMs)
      both.recordMs(durationMs)
    }
    const merged = Histogram.from(first.data())
    merged.add(second.data())
    expect(merged.data()).toEqual(both.data())
    expect(merged.count).toBe(1000)
  })

  it('has no percentile without records', () => {
    expect(new Histogram().percentileMs(0.5)).toBeNaN()
  })
})
