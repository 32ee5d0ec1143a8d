import type { Account, Line } from './account'
import { ExpiryHeap } from './expiry-heap'
import { type InferJob, itemsOf } from './infer-job'
import type { ModelQueue } from './model-queue'

export interface Batch {
  queue: ModelQueue
  jobs: InferJob[]
}

/**
 * Everything that waits in this engine, and whose turn it is: that of the account whose runs have taken the least time
 * since it last had nothing waiting. Who had nothing waiting begins level with whoever is next, so a single request
 * waits for one run of each other account at most, and accounts that keep the engine busy have equal shares of its time.
 */
export class Backlog {
  /** Requests, and what their runs are expected to cost. */
  waiting = 0
  waitingMs = 0
  /** After `takeBatch` found nothing to run: when that changes by itself. */
  heldUntilMs = Infinity
  private readonly expiry = new ExpiryHeap<InferJob>()
  private readonly accounts = new Set<Account>()
  /** Virtual time of the account that was last chosen. */
  private servedMs = 0

  push(queue: ModelQueue, job: InferJob): void {
    const { account } = job
    if (account.waiting === 0) {
      account.servedMs = this.servedMs
      this.accounts.add(account)
    }
    queue.push(job)
    this.expiry.push(job)
    this.count(job, 1)
  }

  /** @param job one that waits. */
  remove(job: InferJob): void {
    job.line!.queue.remove(job)
    this.expiry.remove(job)
    this.count(job, -1)
    if (job.account.waiting === 0) this.accounts.delete(job.account)
  }

  /** When the next request leaves unserved. */
  get expiresAtMs(): number {
    return this.expiry.first?.expiresAtMs ?? Infinity
  }

  /** Takes out the requests whose time in the queue is over, one after the other. */
  *takeExpired(nowMs: number): Generator<{ job: InferJob; queue: ModelQueue }> {
    for (let job = this.expiry.first; job && job.expiresAtMs <= nowMs; job = this.expiry.first) {
      const { queue } = job.line!
      this.remove(job)
      yield { job, queue }
    }
  }

  /** Takes out what is run next; null when nothing waits or all of it is held for others to join. */
  takeBatch(nowMs: number): Batch | null {
    this.heldUntilMs = Infinity
    let held: Set<Account> | undefined
    for (let account = this.next(held); account !== null; account = this.next(held)) {
      const batch = this.takeOf(account, nowMs)
      if (batch !== null) {
        this.servedMs = Math.max(this.servedMs, account.servedMs)
        return batch
      }
      held = (held ?? new Set()).add(account)
    }
    return null
  }

  /** Accounts for a run by the items of each request. */
  charge({ jobs }: Batch, durationMs: number): void {
    const perItemMs = durationMs / itemsOf(jobs)
    for (const { account, plan } of jobs) account.servedMs += perItemMs * Math.max(plan.items, 1)
  }

  /**
   * What is expected to run before one more request of an account: its own, and of each other account as much as that,
   * and a run.
   */
  aheadMs(account: Account, runMs: number): number {
    const ownMs = account.waitingMs
    let aheadMs = ownMs
    for (const other of this.accounts)
      if (other !== account) aheadMs += Math.min(other.waitingMs, ownMs + runMs)
    return aheadMs
  }

  private next(held: ReadonlySet<Account> | undefined): Account | null {
    let next: Account | null = null
    for (const account of this.accounts)
      if ((next === null || account.servedMs < next.servedMs) && held?.has(account) !== true)
        next = account
    return next
  }

  private takeOf(account: Account, nowMs: number): Batch | null {
    for (const line of account.lines) {
      const { queue } = line
      const jobs = queue.nextBatch(line, nowMs)
      if (jobs.length > 0) return this.take(queue, jobs)
      this.heldUntilMs = Math.min(this.heldUntilMs, queue.heldUntilMs)
    }
    return null
  }

  private take(queue: ModelQueue, jobs: InferJob[]): Batch {
    let served: Line | null = null
    for (const job of jobs) {
      const line = job.line!
      this.remove(job)
      if (line !== served) queue.rotate(line)
      served = line
    }
    return { queue, jobs }
  }

  private count({ account, costMs }: InferJob, sign: 1 | -1): void {
    account.waiting += sign
    this.waiting += sign
    account.waitingMs = account.waiting === 0 ? 0 : account.waitingMs + sign * costMs
    this.waitingMs = this.waiting === 0 ? 0 : this.waitingMs + sign * costMs
  }
}
