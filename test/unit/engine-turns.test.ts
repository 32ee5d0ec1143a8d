import fc from 'fast-check'
import { Account } from '../../webserver/model/engine/account'
import { Backlog, type Batch } from '../../webserver/model/engine/backlog'
import { ExpiryHeap } from '../../webserver/model/engine/expiry-heap'
import { type InferJob, itemsOf } from '../../webserver/model/engine/infer-job'
import type { ModelQueue } from '../../webserver/model/engine/model-queue'
import { Pace } from '../../webserver/model/engine/pace'
import { BodyBudget } from '../../webserver/model/engine/request-body'
import { queueOf, wait, WaitingJob } from '../support/engine/waiting'

const namesOf = ({ jobs }: Batch) => jobs.map(({ account }) => account.name)

describe('turns', () => {
  let backlog: Backlog
  const account = (name: string) => new Account(name)
  const flood = (queue: ModelQueue, who: Account, count: number, items = 1) => {
    for (let n = 0; n < count; n++) wait(backlog, queue, new WaitingJob({ account: who, items }))
  }
  const run = (durationMs = 1): Batch => {
    const batch = backlog.takeBatch(0)!
    backlog.charge(batch, durationMs)
    return batch
  }

  beforeEach(() => (backlog = new Backlog()))

  it.each([1, 5])('a flood on %d models adds at most one run to a single call', (models) => {
    const queues = Array.from({ length: models }, () => queueOf({ batching: false }))
    const [flooding, calling] = [account('flooding'), account('calling')]
    for (const queue of queues) flood(queue, flooding, 2000)
    for (let call = 0; call < 50; call++) {
      run()
      wait(backlog, queues[call % models]!, new WaitingJob({ account: calling }))
      expect([...namesOf(run()), ...namesOf(run())]).toContain('calling')
    }
  })

  it('accounts that keep the engine busy get equal time, whatever their runs take', () => {
    const [slow, quick] = [queueOf({ batching: false }), queueOf({ batching: false })]
    const [heavy, light] = [account('heavy'), account('light')]
    flood(slow, heavy, 1000)
    flood(quick, light, 1000)
    const spent = { heavy: 0, light: 0 }
    for (let n = 0; n < 330; n++) {
      const batch = backlog.takeBatch(0)!
      const durationMs = batch.queue === slow ? 10 : 1
      backlog.charge(batch, durationMs)
      spent[namesOf(batch)[0] as 'heavy' | 'light'] += durationMs
    }
    expect(Math.abs(spent.heavy - spent.light)).toBeLessThanOrEqual(10)
  })

  it("an account's models take turns", () => {
    const queues = [queueOf(), queueOf(), queueOf()]
    const one = account('one')
    for (const queue of queues) flood(queue, one, 20)
    const served = Array.from({ length: 6 }, () => queues.indexOf(run().queue))
    expect(served).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('a batch is filled from all accounts in turn', () => {
    const queue = queueOf()
    const [a, b, c] = [account('a'), account('b'), account('c')]
    flood(queue, a, 100)
    flood(queue, b, 3)
    flood(queue, c, 1)
    expect(namesOf(run())).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'b', 'a'])
    expect(namesOf(run())).toEqual(new Array(8).fill('a'))
  })

  it('a batch takes higher priorities first, after the one whose turn it is', () => {
    const queue = queueOf({ priorityLevels: 3, defaultPriority: 2, batchItemsMax: 4 })
    const [a, b] = [account('a'), account('b')]
    const add = (who: Account, priority: number) =>
      wait(backlog, queue, new WaitingJob({ account: who, priority }))
    const jobs: InferJob[] = [add(a, 3), add(a, 0), add(b, 3), add(b, 1), add(a, 1), add(b, 2)]
    const taken = run().jobs.map((job) => jobs.indexOf(job))
    expect(taken).toEqual([4, 3, 1, 5])
    expect(run().jobs.map((job) => jobs.indexOf(job))).toEqual([0, 2])
  })

  it('a priority that the model does not have is refused, and any is let through by a model without', () => {
    const queue = queueOf({ priorityLevels: 3 })
    expect([0, 1, 3].map((priority) => queue.levelOf(priority))).toEqual([2, 0, 2])
    expect(() => queue.levelOf(4)).toThrow('priority 4 is out of range')
    expect(queueOf().levelOf(9)).toBe(0)
  })

  it('who gives way in a full queue is the newest of the account that holds much more', () => {
    const queue = queueOf({ priorityLevels: 2 })
    const [greedy, modest] = [account('greedy'), account('modest')]
    flood(queue, greedy, 3)
    const newest = wait(backlog, queue, new WaitingJob({ account: greedy }))
    wait(backlog, queue, new WaitingJob({ account: greedy, priority: 1 }))
    expect(queue.excessOver(greedy)).toBeNull()
    expect(queue.excessOver(modest)).toBe(newest)
    flood(queue, modest, 4)
    expect(queue.excessOver(modest)).toBeNull()
  })

  it('what is ahead of one more request is its own, and no more than that and a run of others', () => {
    const queue = queueOf()
    const [greedy, modest] = [account('greedy'), account('modest')]
    flood(queue, greedy, 1000)
    expect(backlog.waitingMs).toBe(1000)
    expect(backlog.aheadMs(greedy, 50)).toBe(1000)
    expect(backlog.aheadMs(modest, 50)).toBe(50)
    flood(queue, modest, 10)
    expect(backlog.aheadMs(modest, 50)).toBe(70)
  })

  it('nothing is lost, doubled or left behind, whatever comes, leaves, expires and runs', () => {
    const event = fc.record({
      kind: fc.constantFrom('come', 'come', 'come', 'leave', 'expire', 'run'),
      who: fc.integer({ min: 0, max: 3 }),
      which: fc.nat(),
      items: fc.integer({ min: 0, max: 9 }),
      shape: fc.constantFrom('a', 'b'),
      priority: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        backlog = new Backlog()
        const accounts = ['a', 'b', 'c', 'd'].map(account)
        const queues = [queueOf({ priorityLevels: 2 }), queueOf({ batching: false })]
        const waiting: InferJob[] = []
        const forget = (job: InferJob) => waiting.splice(waiting.indexOf(job), 1)
        events.forEach(({ kind, who, which, ...facts }, nowMs) => {
          const job = waiting[which % waiting.length]
          if (kind === 'come') {
            const expiresAtMs = nowMs + (which % 50)
            const fresh = new WaitingJob({ ...facts, account: accounts[who]!, expiresAtMs })
            waiting.push(wait(backlog, queues[which % 2]!, fresh, nowMs))
          } else if (kind === 'leave' && job !== undefined) backlog.remove(forget(job)[0]!)
          else if (kind === 'expire')
            for (const { job } of backlog.takeExpired(nowMs)) {
              expect(forget(job)[0]!.expiresAtMs).toBeLessThanOrEqual(nowMs)
            }
          else if (kind === 'run') {
            const batch = backlog.takeBatch(nowMs)
            expect(batch === null).toBe(waiting.length === 0)
            if (batch === null) return
            expect(batch.jobs.length === 1 || itemsOf(batch.jobs) <= 8).toBe(true)
            for (const taken of batch.jobs) forget(taken)
            backlog.charge(batch, which % 10)
          }
          expect(backlog.waiting).toBe(waiting.length)
          const earliest = Math.min(...waiting.map(({ expiresAtMs }) => expiresAtMs))
          expect(backlog.expiresAtMs).toBe(earliest)
        })
        expect(queues[0]!.length + queues[1]!.length).toBe(waiting.length)
      }),
    )
  })
})

describe('the heap of expiry times', () => {
  it('gives the earliest first, whatever has left meanwhile', () => {
    const times = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.boolean()), { maxLength: 100 })
    fc.assert(
      fc.property(times, (entries) => {
        const heap = new ExpiryHeap<{ expiresAtMs: number; heapIndex: number }>()
        const elements = entries.map(([expiresAtMs]) => ({ expiresAtMs, heapIndex: 0 }))
        for (const element of elements) heap.push(element)
        const left = elements.filter((element, index) => {
          if (entries[index]![1]) heap.remove(element)
          return !entries[index]![1]
        })
        const order: number[] = []
        for (let first = heap.first; first; first = heap.first) {
          order.push(first.expiresAtMs)
          heap.remove(first)
        }
        expect(order).toEqual(left.map(({ expiresAtMs }) => expiresAtMs).sort((a, b) => a - b))
      }),
    )
  })
})

describe('the pace', () => {
  it('follows how long the engine is busy with what it expects, while it has more to do', () => {
    const pace = new Pace()
    for (let nowMs = 0; nowMs < 3000; nowMs += 30)
      pace.ran({ nowMs, predictedMs: 10, isFull: true })
    expect(pace.factor).toBeCloseTo(3, 1)
    pace.rest()
    pace.ran({ nowMs: 1e6, predictedMs: 10, isFull: true })
    pace.ran({ nowMs: 2e6, predictedMs: 10, isFull: false })
    expect(pace.factor).toBeCloseTo(3, 1)
  })
})

describe('the memory for bodies', () => {
  it('leaves a quarter to others when one account takes all it can get', () => {
    const budget = new BodyBudget(10, 1000)
    const [greedy, modest] = [new Account('greedy'), new Account('modest')]
    const takeAll = (account: Account) => {
      for (;;)
        try {
          budget.take(10, account)
        } catch {
          return
        }
    }
    takeAll(greedy)
    expect(greedy.heldBytes).toBe(750)
    takeAll(modest)
    expect(modest.heldBytes).toBe(190)
    budget.release(750, greedy)
    takeAll(modest)
    expect(modest.heldBytes).toBe(750)
  })

  it('is all of it for one body of whoever holds nothing', () => {
    const budget = new BodyBudget(1000, 1000)
    budget.take(1000, new Account('one'))
    expect(() => budget.take(1, new Account('other'))).toThrow('holds too many request bodies')
  })
})
