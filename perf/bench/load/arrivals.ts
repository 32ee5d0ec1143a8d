/** When requests are sent: at random, at equal distances, or one behind another on so many connections. */
export type Arrivals =
  | { kind: 'poisson'; perS: number; seed: number }
  | { kind: 'even'; perS: number }
  | { kind: 'closed'; clients: number }

/** The times at which the requests of an open loop are meant to be sent, ms from its start, without end. */
export function* timesOf(
  arrivals: Exclude<Arrivals, { kind: 'closed' }>,
): Generator<number, never> {
  const meanMs = 1000 / arrivals.perS
  if (arrivals.kind === 'even') for (let index = 0; ; index++) yield index * meanMs
  const random = seededRandom(arrivals.seed)
  // The distances of a Poisson process are distributed exponentially.
  for (let atMs = 0; ;) yield (atMs -= Math.log(1 - random()) * meanMs)
}

/** Numbers in 0…1 (1 excluded), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
