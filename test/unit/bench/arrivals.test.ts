import { seededRandom, timesOf, type Arrivals } from '../../../perf/bench/load/arrivals'

function firstTimes(arrivals: Exclude<Arrivals, { kind: 'closed' }>, count: number): number[] {
  const times = timesOf(arrivals)
  return Array.from({ length: count }, () => times.next().value)
}

const count = 50_000
const perS = 500
const poisson = (seed: number) => firstTimes({ kind: 'poisson', perS, seed }, count)
const gapsOf = (times: readonly number[]) => times.map((at, index) => at - (times[index - 1] ?? 0))

describe('arrivals of an open loop', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(poisson(7)).toEqual(poisson(7))
    expect(poisson(7)).not.toEqual(poisson(8))
  })

  it('have distances that are distributed exponentially', () => {
    const meanMs = 1000 / perS
    const gaps = gapsOf(poisson(1)).sort((a, b) => a - b)
    // Kolmogorov and Smirnov: 1.63 / √n is exceeded once in a hundred by a true sample.
    const distance = gaps.reduce((worst, gap, index) => {
      const expected = 1 - Math.exp(-gap / meanMs)
      return Math.max(worst, Math.abs(expected - (index + 0.5) / count))
    }, 0)
    expect(distance).toBeLessThan(1.63 / Math.sqrt(count))
  })

  it('vary in number from one slot to the next as much as they are many', () => {
    const slots = new Map<number, number>()
    const times = poisson(2)
    for (const at of times)
      slots.set(Math.floor(at / 20), (slots.get(Math.floor(at / 20)) ?? 0) + 1)
    const slotCount = Math.floor(times.at(-1)! / 20)
    const numbers = Array.from({ length: slotCount }, (_, slot) => slots.get(slot) ?? 0)
    const mean = numbers.reduce((sum, number) => sum + number, 0) / slotCount
    const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / slotCount
    expect(mean).toBeCloseTo(10, 0)
    expect(variance / mean).toBeGreaterThan(0.93)
    expect(variance / mean).toBeLessThan(1.07)
  })

  it('can be even', () => {
    expect(firstTimes({ kind: 'even', perS: 5 }, 4)).toEqual([0, 200, 400, 600])
  })

  it('come from numbers in 0…1 that are spread evenly', () => {
    const random = seededRandom(3)
    const tenths = new Array<number>(10).fill(0)
    for (let index = 0; index < 100_000; index++) tenths[Math.floor(10 * random())]!++
    for (const tenth of tenths) expect(Math.abs(tenth - 10_000)).toBeLessThan(500)
  })
})
