export interface BackOffSettings {
  restartDelayMinMs: number
  restartDelayMaxMs: number
  restartsMax: number
  stableAfterMs: number
}

/** How long to wait before a dead process is replaced: doubling with each early death in a row, and jittered. */
export class BackOff {
  private deathsInRow = 0

  constructor(
    private readonly settings: BackOffSettings,
    private readonly random: () => number = Math.random,
  ) {}

  /** @returns the wait after this death in ms; null when it is time to give up. */
  next(livedMs: number): number | null {
    const { restartDelayMinMs, restartDelayMaxMs, restartsMax, stableAfterMs } = this.settings
    this.deathsInRow = livedMs >= stableAfterMs ? 1 : this.deathsInRow + 1
    if (this.deathsInRow > restartsMax) return null
    const fullMs = Math.min(restartDelayMaxMs, restartDelayMinMs * 2 ** (this.deathsInRow - 1))
    return fullMs * (0.5 + this.random() / 2)
  }
}
