/** One timer that rings at the earliest time asked for since it last rang. It may ring a little early, never late. */
export class Alarm {
  private atMs = Infinity
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly ring: () => void) {}

  /** @param atMs by `performance.now()`. */
  set(atMs: number): void {
    if (atMs >= this.atMs) return
    clearTimeout(this.timer)
    this.atMs = atMs
    this.timer = setTimeout(this.onTime, Math.max(0, Math.ceil(atMs - performance.now()))).unref()
  }

  private readonly onTime = (): void => {
    this.atMs = Infinity
    this.ring()
  }
}
