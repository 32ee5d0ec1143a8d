const intervalMs = 500

/** Tells on stderr how far long work has come, now and then, if there is somebody to see it. */
export class Progress {
  private readonly startedAtMs = performance.now()
  private saidAtMs = -Infinity
  private isShown = false

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** @param bytes that were read since the start, for the rate. */
  say(what: string, bytes?: number): void {
    const nowMs = performance.now()
    if (!this.stream.isTTY || nowMs - this.saidAtMs < intervalMs) return
    this.saidAtMs = nowMs
    this.isShown = true
    const seconds = (nowMs - this.startedAtMs) / 1000
    const rate = bytes === undefined ? '' : `, ${(bytes / 2 ** 20 / seconds).toFixed(0)} MiB/s`
    this.stream.write(`\r\x1b[K${what}${rate}`)
  }

  /** Clears the line. */
  clear(): void {
    if (this.isShown) this.stream.write('\r\x1b[K')
    this.isShown = false
  }
}
