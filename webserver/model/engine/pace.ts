const weight = 0.1
const paceMin = 0.2
const paceMax = 20

/**
 * How much longer the engine is busy with requests than their runs were expected to take: reading, answering and the
 * processes beside it cost time too.
 */
export class Pace {
  /** Real ms for each expected ms, a moving average. */
  factor = 1
  private endedAtMs: number | null = null

  /** The engine has nothing to do: the time until its next run says nothing. */
  rest(): void {
    this.endedAtMs = null
  }

  /** @param isFull whether requests were left waiting: a run with room for more costs each of them more than it need. */
  ran({
    nowMs,
    predictedMs,
    isFull,
  }: {
    nowMs: number
    predictedMs: number
    isFull: boolean
  }): void {
    const tookMs = this.endedAtMs === null ? 0 : nowMs - this.endedAtMs
    this.endedAtMs = nowMs
    if (!isFull || tookMs === 0 || predictedMs === 0) return
    const sample = Math.min(Math.max(tookMs / predictedMs, paceMin), paceMax)
    this.factor += (sample - this.factor) * weight
  }
}
