import { performance } from 'node:perf_hooks'

const samples = 5

/**
 * Time in µs since one second before the run's epoch. `performance.now()` and `process.hrtime` read the same monotonic
 * clock, which all processes of a machine share, so the lines of several processes can be put in order.
 */
export class RunClock {
  private readonly offsetUs: number

  /** @param epochNs `process.hrtime.bigint()` at the epoch, in decimal. */
  constructor(epochNs: string) {
    this.offsetUs = 1e6 + Number(originNs() - BigInt(epochNs)) / 1000
  }

  now(): number {
    return performance.now() * 1000 + this.offsetUs
  }
}

/** `process.hrtime.bigint()` at the moment where `performance.now()` was 0; the tightest of a few readings. */
function originNs(): bigint {
  let best = { gapNs: 1n << 62n, originNs: 0n }
  for (let i = 0; i < samples; i++) {
    const before = process.hrtime.bigint()
    const elapsedNs = BigInt(Math.round(performance.now() * 1e6))
    const gapNs = process.hrtime.bigint() - before
    if (gapNs < best.gapNs) best = { gapNs, originNs: before + gapNs / 2n - elapsedNs }
  }
  return best.originNs
}
