import type { InferJob } from './infer-job'
import { LinkedQueue } from './linked-queue'
import type { ModelQueue } from './model-queue'

/** What waits of one account for one model, by priority. */
export class Line {
  length = 0
  private readonly levels: readonly LinkedQueue<InferJob>[]

  constructor(
    readonly account: Account,
    readonly queue: ModelQueue,
  ) {
    this.levels = Array.from({ length: queue.levels }, () => new LinkedQueue<InferJob>())
  }

  push(job: InferJob): void {
    job.line = this
    this.length++
    this.levels[job.level]!.push(job)
  }

  remove(job: InferJob): void {
    job.line = null
    this.length--
    this.levels[job.level]!.remove(job)
  }

  /** The oldest of one level. */
  oldest(level: number): InferJob | null {
    return this.levels[level]!.first
  }

  /** Whose turn is next; null when the line is empty. */
  get first(): InferJob | null {
    return this.levels.find(({ first }) => first !== null)?.first ?? null
  }

  /** Who gives way when the queue is full: the newest of the lowest priority. */
  get last(): InferJob | null {
    return this.levels.findLast(({ last }) => last !== null)?.last ?? null
  }
}

/** What one account has in this engine. */
export class Account {
  /** Requests in hand, from their headers to their answer. */
  requests = 0
  /** Of the bodies of those requests. */
  heldBytes = 0
  /** Requests that wait, and what their runs are expected to cost. */
  waiting = 0
  waitingMs = 0
  /** Virtual time: the account with the least of it is next. */
  servedMs = 0
  /** The lines in which something waits; that of the model whose turn it is comes first. */
  readonly lines = new Set<Line>()
  // Weak: an account that never pauses must not keep a model that was unloaded.
  private readonly lineByQueue = new WeakMap<ModelQueue, Line>()

  constructor(readonly name: string) {}

  lineFor(queue: ModelQueue): Line {
    let line = this.lineByQueue.get(queue)
    if (line === undefined) this.lineByQueue.set(queue, (line = new Line(this, queue)))
    return line
  }

  waitingFor(queue: ModelQueue): number {
    return this.lineByQueue.get(queue)?.length ?? 0
  }
}

// An account that calls again soon finds what it had: making it anew for each request of a lone caller costs some µs.
const keptMax = 256

/** The accounts that have a request in hand, and some of those that had one; callers without an account are one. */
export class Accounts {
  private readonly byName = new Map<string, Account>()

  /** Counts a request in. */
  enter(name: string): Account {
    const account = this.byName.get(name) ?? this.add(name)
    account.requests++
    return account
  }

  /** Counts a request out. */
  leave(account: Account): void {
    account.requests--
    if (account.requests === 0 && this.byName.size > keptMax) this.byName.delete(account.name)
  }

  private add(name: string): Account {
    const account = new Account(name)
    this.byName.set(name, account)
    return account
  }
}
