import fc from 'fast-check'
import { durationBuckets, sizeBuckets } from '../../webserver/metrics/buckets'
import { Collector } from '../../webserver/metrics/collector'
import { Counts } from '../../webserver/metrics/counts'
import { expose } from '../../webserver/metrics/exposition'
import { Totals } from '../../webserver/metrics/totals'
import { readExposition, valueOf } from '../support/metrics/read-exposition'

test.each([durationBuckets, sizeBuckets])('a value lies in the bucket of its bounds', (buckets) => {
  const exact = buckets.bounds.flatMap((bound) => [bound, bound + 0.001])
  const values = fc.oneof(
    fc.constantFrom(0, ...exact),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
  )
  fc.assert(
    fc.property(values, (value) => {
      const index = buckets.indexOf(value)
      expect(value).toBeLessThanOrEqual(buckets.bounds[index] ?? Infinity)
      expect(value).toBeGreaterThan(buckets.bounds[index - 1] ?? -1)
    }),
  )
})

test('what several processes tell is added up, and outlives them; gauges do not', () => {
  const totals = new Totals(100)
  const [first, second] = [new Counts(), new Counts()]
  for (const counts of [first, second]) {
    counts.block('engine_death', ['m', '1', 'deadline'])[0] = 2
    counts.block('pending', ['m', '1'])[0] = 3
  }
  first.block('last_inference', ['m', '1'])[0] = 9
  second.block('last_inference', ['m', '1'])[0] = 5
  const processes = [first, second].map((counts) => ({ counts }))
  for (const process of processes) totals.add(process, process.counts.takeChanges())
  const read = () => new Map(totals.read().map(([kind, , values]) => [kind, values[0]]))
  expect(Object.fromEntries(read())).toEqual({ engine_death: 4, last_inference: 9, pending: 6 })
  totals.forget(processes[0]!)
  expect(Object.fromEntries(read())).toEqual({ engine_death: 4, last_inference: 9, pending: 3 })
  totals.add(processes[1]!, second.takeChanges())
  expect(read().get('engine_death')).toBe(4)
})

test('combinations of labels beyond the limit are left out and counted', () => {
  const totals = new Totals(2)
  const counts = new Counts()
  for (const model of ['a', 'b', 'c']) counts.block('engine_death', [model, '1', 'deadline'])[0] = 1
  totals.add(counts, counts.takeChanges())
  expect(totals.read().map(([, [model]]) => model)).toEqual(['a', 'b'])
  expect(totals.dropped).toBe(1)
})

test('names with quotes, backslashes and line ends stay one label', () => {
  const counts = new Counts()
  counts.block('engine_death', ['a"b\\c\nd', '1', 'deadline'])[0] = 1
  const families = readExposition(expose(counts.takeChanges()))
  const model = { model: 'a\\"b\\\\c\\nd' }
  expect(valueOf(families, 'gristmill_engine_deaths_total', model)).toBe(1)
})

test('who asks during a collection sees what is counted after it has begun', async () => {
  const counts = new Counts()
  const block = counts.block('engine_death', ['m', '1', 'deadline'])
  const asked: number[] = []
  const process = { askForCounts: (id: number) => asked.push(id), confirmCounts: () => undefined }
  const collector = new Collector({
    ...{ totals: new Totals(10), counts: new Counts(), waitMs: 60_000 },
    processes: () => [process],
  })
  const answer = () => {
    const blocks = counts.takeChanges()
    collector.report(process, { type: 'counts', blocks, answerTo: asked.at(-1)! })
  }
  const deaths = async (read: ReturnType<Collector['read']>) => (await read)[0]?.[2][0]
  const before = collector.read()
  block[0] = 1
  const after = collector.read()
  expect(asked).toHaveLength(1)
  // As if the process had told before it counted.
  collector.report(process, { type: 'counts', blocks: [], answerTo: asked[0]! })
  expect(await deaths(before)).toBeUndefined()
  expect(asked).toHaveLength(2)
  answer()
  expect(await deaths(after)).toBe(1)
})
