import { setTimeout as delay } from 'node:timers/promises'
import { timesOf, type Arrivals } from './arrivals'
import { Connection } from './connection'
import { Histogram } from './histogram'
import { slotMs, type LoadOrder, type LoadResult, type Slot } from './load'

/** How long to wait, after the last request was due, for what is still without an answer. */
const drainMs = 2000
const pollMs = 1

/** One run of a load: created, run, thrown away. */
export class Generator {
  private readonly latency = new Histogram()
  private readonly shedLatency = new Histogram()
  private readonly lateness = new Histogram()
  private readonly slots: Slot[] = []
  private readonly failures: Record<number, number> = {}
  private readonly idle: Connection[] = []
  /** Every open connection, with the intended time of the request it carries. */
  private readonly open = new Map<Connection, number | null>()
  /** Intended times of requests that are due and found no connection, from `firstWaiting` on. */
  private readonly waiting: number[] = []
  private firstWaiting = 0
  private sent = 0
  private ended = false
  private readonly startedAtMs = performance.now()

  constructor(private readonly order: LoadOrder) {}

  async run(): Promise<LoadResult> {
    const cpuAtStart = process.cpuUsage()
    const { arrivals, durationMs } = this.order
    if (arrivals.kind === 'closed') await this.runClosed(arrivals.clients)
    else await this.runOpen(arrivals)
    const { user, system } = process.cpuUsage(cpuAtStart)
    const cpuShare = (user + system) / 1000 / this.nowMs()
    const unanswered = this.giveUp(arrivals.kind !== 'closed')
    return {
      ...this.totals(),
      ...{ unanswered, durationMs, cpuShare, slots: this.slots, failures: this.failures },
      latency: this.latency.data(),
      shedLatency: this.shedLatency.data(),
      lateness: this.lateness.data(),
    }
  }

  private async runClosed(clients: number): Promise<void> {
    for (let client = 0; client < clients; client++) this.offer(0)
    while (this.nowMs() < this.order.durationMs) await delay(pollMs)
    this.ended = true
  }

  private async runOpen(arrivals: Exclude<Arrivals, { kind: 'closed' }>): Promise<void> {
    const times = timesOf(arrivals)
    let dueMs = times.next().value
    // An answer is a chance to look at the clock, between two turns of the timer.
    this.lookAtClock = () => {
      for (const nowMs = this.nowMs(); dueMs <= nowMs && dueMs < this.order.durationMs;) {
        this.offer(dueMs)
        dueMs = times.next().value
      }
    }
    while (dueMs < this.order.durationMs) {
      await delay(pollMs)
      this.lookAtClock()
    }
    const drainedByMs = this.order.durationMs + drainMs
    while (this.isBusy() && this.nowMs() < drainedByMs) await delay(pollMs)
    this.ended = true
  }

  private lookAtClock = (): void => undefined

  private offer(intendedMs: number): void {
    this.slotAt(intendedMs).offered++
    this.waiting.push(intendedMs)
    this.sendWaiting()
  }

  private sendWaiting(): void {
    while (this.firstWaiting < this.waiting.length) {
      const connection = this.freeConnection()
      if (connection === null) return
      this.send(connection, this.waiting[this.firstWaiting++]!)
    }
  }

  private freeConnection(): Connection | null {
    for (let kept = this.idle.pop(); kept !== undefined; kept = this.idle.pop()) {
      if (kept.usable) return kept
      this.open.delete(kept)
    }
    if (this.open.size >= this.order.connectionsMax) return null
    return new Connection(this.order.host, this.order.port)
  }

  private send(connection: Connection, intendedMs: number): void {
    const { requests } = this.order
    this.lateness.recordMs(this.nowMs() - intendedMs)
    this.open.set(connection, intendedMs)
    connection.send(requests[this.sent++ % requests.length]!, (status) =>
      this.answered(connection, intendedMs, status),
    )
  }

  private answered(connection: Connection, intendedMs: number, status: number): void {
    const nowMs = this.nowMs()
    if (connection.usable) {
      this.open.set(connection, null)
      this.idle.push(connection)
    } else this.open.delete(connection)
    if (this.ended) return
    this.record(status, nowMs, nowMs - intendedMs)
    if (this.order.arrivals.kind === 'closed') this.offer(nowMs)
    else this.lookAtClock()
    this.sendWaiting()
  }

  private record(status: number, nowMs: number, latencyMs: number): void {
    const slot = this.slotAt(nowMs)
    if (status >= 200 && status < 300) {
      this.latency.recordMs(latencyMs)
      if (latencyMs <= this.order.deadlineMs) slot.good++
      else slot.late++
    } else if (status === 503) {
      this.shedLatency.recordMs(latencyMs)
      slot.shed++
    } else {
      this.failures[status] = (this.failures[status] ?? 0) + 1
      slot.failed++
    }
  }

  private isBusy(): boolean {
    return this.open.size > this.idle.length || this.firstWaiting < this.waiting.length
  }

  /** Closes everything. @returns how many requests had no answer; those of a closed loop are not counted. */
  private giveUp(counted: boolean): number {
    const nowMs = this.nowMs()
    const carried = [...this.open.values()].filter((intendedMs) => intendedMs !== null)
    const unanswered = counted ? [...carried, ...this.waiting.slice(this.firstWaiting)] : []
    for (const intendedMs of unanswered) this.latency.recordMs(nowMs - intendedMs)
    for (const connection of this.open.keys()) connection.destroy()
    return unanswered.length
  }

  private totals(): Slot {
    const sum = (field: keyof Slot) => this.slots.reduce((total, slot) => total + slot[field], 0)
    return {
      offered: sum('offered'),
      good: sum('good'),
      late: sum('late'),
      shed: sum('shed'),
      failed: sum('failed'),
    }
  }

  private slotAt(atMs: number): Slot {
    const index = Math.floor(atMs / slotMs)
    while (this.slots.length <= index)
      this.slots.push({ offered: 0, good: 0, late: 0, shed: 0, failed: 0 })
    return this.slots[index]!
  }

  private nowMs(): number {
    return performance.now() - this.startedAtMs
  }
}
