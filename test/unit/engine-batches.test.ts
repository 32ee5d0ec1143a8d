import { Account } from '../../webserver/model/engine/account'
import { Backlog } from '../../webserver/model/engine/backlog'
import { itemsOf } from '../../webserver/model/engine/infer-job'
import { runMsOf } from '../../webserver/model/engine/run-cost'
import type { ModelSettingsInput } from '../../webserver/model/model-settings'
import { linearTable, queueOf, wait, WaitingJob } from '../support/engine/waiting'

interface Arrival {
  atMs: number
  items: number
  shape?: string
}

/** A run by when it began and the items it joined. */
type Run = [atMs: number, items: number]

interface Scenario {
  settings: ModelSettingsInput
  arrivals: readonly Arrival[]
  /** Nothing runs before so many wait: Triton's TRITONSERVER_DELAY_SCHEDULER. */
  hook?: number
}

/** Runs that take no time, by a clock that goes from one event to the next. */
function runsOf({ settings, arrivals, hook = 0 }: Scenario): Run[] {
  const backlog = new Backlog()
  const queue = queueOf({ batchItemsMax: 8, ...settings })
  const account = new Account('one')
  const runs: Run[] = []
  const runUntilHeld = (nowMs: number) => {
    for (let batch = backlog.takeBatch(nowMs); batch !== null; batch = backlog.takeBatch(nowMs))
      runs.push([nowMs, itemsOf(batch.jobs)])
  }
  const arrive = ({ atMs, items, shape = '' }: Arrival) =>
    wait(backlog, queue, new WaitingJob({ account, items, shape }), atMs)
  const left = [...arrivals]
  for (const arrival of left.splice(0, hook)) arrive(arrival)
  if (hook > 0) runUntilHeld(arrivals[hook - 1]!.atMs)
  for (const arrival of left) {
    if (backlog.waiting > 0 && backlog.heldUntilMs <= arrival.atMs)
      runUntilHeld(backlog.heldUntilMs)
    arrive(arrival)
    runUntilHeld(arrival.atMs)
  }
  while (backlog.waiting > 0) runUntilHeld(backlog.heldUntilMs)
  return runs
}

const at = (atMs: number, ...items: number[]): Arrival[] => items.map((n) => ({ atMs, items: n }))
const ones = (count: number, atMs = 0) => at(atMs, ...new Array<number>(count).fill(1))
const other = (arrivals: Arrival[]) => arrivals.map((arrival) => ({ ...arrival, shape: 'other' }))

const delayMs = 10_000
const delayed = { preferredBatchSizes: [2, 6], queueDelayUs: delayMs * 1000 }
const undelayed = { preferredBatchSizes: [4, 6] }

// Of Triton's qa/L0_batcher/batcher_test.py: at most 8 items, sizes 2 and 6 preferred, a delay of 10 s unless another is given.
const vectors: [name: string, scenario: Scenario, runs: Run[]][] = [
  [
    'preferred sizes run at once',
    { settings: delayed, arrivals: [...at(0, 2), ...at(5, 6)] },
    [
      [0, 2],
      [5, 6],
    ],
  ],
  ['less than any preferred size waits', { settings: delayed, arrivals: at(0, 1) }, [[delayMs, 1]]],
  [
    'a size between two preferred ones waits',
    { settings: delayed, arrivals: at(0, 3) },
    [[delayMs, 3]],
  ],
  [
    'more than any preferred size runs at once',
    { settings: delayed, arrivals: at(0, 7) },
    [[0, 7]],
  ],
  [
    'two that make a preferred size',
    { settings: delayed, arrivals: [...at(0, 1), ...at(5, 1)] },
    [[5, 2]],
  ],
  [
    'another shape sends what waits',
    { settings: delayed, arrivals: [...at(0, 1), ...other(at(5, 1))] },
    [
      [5, 1],
      [5 + delayMs, 1],
    ],
  ],
  [
    'a sum that is not preferred waits from the first on',
    { settings: delayed, arrivals: [...at(0, 1), ...at(5, 3)] },
    [[delayMs, 4]],
  ],
  [
    'such a sum, then another shape',
    { settings: delayed, arrivals: [...at(0, 1), ...at(5, 3), ...other(at(9, 1))] },
    [
      [9, 4],
      [9 + delayMs, 1],
    ],
  ],
  [
    'and more of the other shape',
    {
      settings: delayed,
      arrivals: [...at(0, 1), ...at(5, 3), ...other([...at(9, 1), ...at(12, 5)])],
    },
    [
      [9, 4],
      [12, 6],
    ],
  ],
  [
    'a second one larger than preferred',
    { settings: delayed, arrivals: [...at(0, 3), ...at(5, 7)] },
    [
      [5, 3],
      [5, 7],
    ],
  ],
  [
    'a sum above the preferred sizes',
    { settings: delayed, arrivals: [...at(0, 3), ...at(5, 4)] },
    [
      [5, 3],
      [5 + delayMs, 4],
    ],
  ],
  [
    'after the delay the most that fits runs',
    { settings: delayed, arrivals: [...at(0, 1), ...at(delayMs, 3, 4)], hook: 3 },
    [[delayMs, 8]],
  ],
  ['the largest preferred size', { settings: delayed, arrivals: ones(6), hook: 6 }, [[0, 6]]],
  [
    'the best preferred size',
    { settings: delayed, arrivals: ones(3), hook: 3 },
    [
      [0, 2],
      [delayMs, 1],
    ],
  ],
  [
    'preferred 4, twelve of one',
    { settings: { ...delayed, preferredBatchSizes: [4] }, arrivals: ones(12), hook: 12 },
    [
      [0, 4],
      [0, 4],
      [0, 4],
    ],
  ],
  ['no delay, 4', { settings: undelayed, arrivals: ones(4), hook: 4 }, [[0, 4]]],
  [
    'no delay, 5',
    { settings: undelayed, arrivals: ones(5), hook: 5 },
    [
      [0, 4],
      [0, 1],
    ],
  ],
  [
    'no delay, 7',
    { settings: undelayed, arrivals: ones(7), hook: 7 },
    [
      [0, 6],
      [0, 1],
    ],
  ],
  ['no delay, 3', { settings: undelayed, arrivals: ones(3), hook: 3 }, [[0, 3]]],
  [
    'delay 0 takes what waits when the engine is free',
    { settings: {}, arrivals: [...ones(1), ...ones(7, 3)], hook: 1 },
    [[0, 1], ...new Array<Run>(7).fill([3, 1])],
  ],
  [
    'delay 0 after a run that let twelve arrive',
    { settings: {}, arrivals: ones(12), hook: 12 },
    [
      [0, 8],
      [0, 4],
    ],
  ],
]

describe('a batch', () => {
  it.each(vectors)('%s', (_, scenario, expected) => {
    expect(runsOf(scenario)).toEqual(expected)
  })

  it('holds requests in the order of their arrival', () => {
    const [backlog, queue, account] = [new Backlog(), queueOf(), new Account('one')]
    const jobs = [1, 2, 3].map(() => wait(backlog, queue, new WaitingJob({ account })))
    expect(backlog.takeBatch(0)!.jobs).toEqual(jobs)
  })

  it('takes later requests that fit past one that does not', () => {
    const [backlog, queue, account] = [new Backlog(), queueOf(), new Account('one')]
    const add = (items: number, shape: string) =>
      wait(backlog, queue, new WaitingJob({ account, items, shape }))
    const [first, wide, large, last] = [add(5, 'a'), add(1, 'b'), add(4, 'a'), add(3, 'a')]
    expect(backlog.takeBatch(0)!.jobs).toEqual([first, last])
    expect(backlog.takeBatch(0)!.jobs).toEqual([wide])
    expect(backlog.takeBatch(0)!.jobs).toEqual([large])
  })

  it.each([
    [{}, linearTable(4), 4],
    [{ batchItemsMax: 2 }, linearTable(4), 2],
    [{}, linearTable(32, 10), 5],
    [{}, linearTable(32, 100), 1],
    [{}, null, 8],
  ])(
    'of %j with a table is as large as measured best within the longest run',
    (settings, table, size) => {
      const [backlog, queue, account] = [
        new Backlog(),
        queueOf(settings, table),
        new Account('one'),
      ]
      queue.cost.ran(1, 1)
      for (let count = 0; count < 40; count++) wait(backlog, queue, new WaitingJob({ account }))
      expect(backlog.takeBatch(0)!.jobs).toHaveLength(size)
    },
  )

  it('is predicted between the measured sizes and beyond them', () => {
    const rows = [
      { items: 1, runMs: 10 },
      { items: 4, runMs: 16 },
    ]
    const table = { key: '', measuredAt: '', rows, bestItems: 4 }
    expect([1, 2, 3, 4, 8].map((items) => runMsOf(table, items))).toEqual([10, 12, 14, 16, 32])
  })
})
