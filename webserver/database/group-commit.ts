import type { Perf } from '../../perf/timing'
import { AppError, isAppError } from '../domain/errors'
import { commitColumn } from '../metrics/block-kinds'
import { durationBuckets, sizeBuckets } from '../metrics/buckets'
import type { Counts } from '../metrics/counts'
import type { Logger } from '../platform/logger'
import type { Operation, Outcome, Store } from './operations'

export interface GroupCommitOptions {
  store: Store
  /** Operations made durable by one commit. */
  batchMax: number
  /** Operations that may wait. */
  queueMax: number
  perf: Perf
  counts: Counts
  log: Logger
}

interface Waiting {
  operation: Operation
  answer(outcome: Outcome): void
}

const busyDelayMs = 5

/** Makes everything that arrived in one turn of the event loop durable with one commit, and only then answers. */
export class GroupCommit {
  private readonly queue: Waiting[] = []
  private scheduled = false
  private onIdle: (() => void) | null = null

  private readonly counted: Float64Array

  constructor(private readonly options: GroupCommitOptions) {
    const { counts } = options
    this.counted = counts.block('commit', [])
    counts.observe('commit_queue', [], (values) => (values[0] = this.queue.length))
    options.perf.gauge('database_queue', () => this.queue.length)
  }

  add(operation: Operation, answer: (outcome: Outcome) => void): void {
    if (this.queue.length >= this.options.queueMax) {
      const message = 'too many operations wait for the database'
      answer({ error: new AppError('unavailable', message, { retryAfterS: 1 }) })
      return
    }
    this.queue.push({ operation, answer })
    this.schedule()
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (this.queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.onIdle = resolve))
  }

  /** `setImmediate` runs after all sockets that are readable in this turn were read. */
  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => this.commit())
  }

  private commit(): void {
    const { store, batchMax, perf } = this.options
    const batch = this.queue.slice(0, batchMax)
    const startedAt = perf.now()
    const startedAtMs = performance.now()
    const outcomes = store.commit(batch.map(({ operation }) => operation))
    if (outcomes === null) {
      setTimeout(() => this.commit(), busyDelayMs)
      return
    }
    perf.call('group_commit', startedAt, { b: batch.length })
    this.count(performance.now() - startedAtMs, batch.length)
    this.queue.splice(0, batch.length)
    this.scheduled = false
    batch.forEach((waiting, index) => this.answer(waiting, outcomes[index]!))
    if (this.queue.length > 0) this.schedule()
    else this.onIdle?.()
  }

  private count(durationMs: number, commands: number): void {
    const { counted } = this
    counted[commitColumn.durationNs]! += Math.round(durationMs * 1e6)
    counted[commitColumn.commands]! += commands
    counted[commitColumn.durationBuckets + durationBuckets.indexOf(durationMs * 1000)]!++
    counted[commitColumn.sizeBuckets + sizeBuckets.indexOf(commands)]!++
  }

  private answer({ operation, answer }: Waiting, outcome: Outcome): void {
    if ('error' in outcome && !isAppError(outcome.error))
      this.options.log.error({ err: outcome.error, operation: operation.name }, 'operation failed')
    answer(outcome)
  }
}
