import type { Bench } from '../bench'
import { Histogram } from '../load/histogram'
import { slotMs, type LoadResult } from '../load/load'
import { lineChart } from '../plot'
import { conditions } from '../results'
import { titles } from '../stage'
import { median, percent, short, table } from '../statistics'

/** What the client of the overload waits for, and says so. */
export const deadlineMs = 1000

/** One server and one model at three times what it can do. */
export interface OverloadCell {
  model: string
  target: string
  /** Requests a second, one entry per round, each measured right before the overload. */
  capacities: number[]
  rounds: LoadResult[]
}

export function describeOverload(
  bench: Bench,
  cells: readonly OverloadCell[],
  foreignShare: number,
): string {
  const models = [...new Set(cells.map(({ model }) => model))]
  return `## Overload: three times what each server can do

${conditions()}. Foreign ${percent(foreignShare)}.

Poisson arrivals at three times each server's own capacity (what it answers to 32 connections that never wait, right before).
The client's deadline is ${deadlineMs} ms and is told in the request (\`timeout\`). *Goodput*: answers 2xx within the deadline, of the
time in which requests arrive, relative to capacity (aim: 0.9). *Kept*: of the requests that were not turned away with 503, the share answered
2xx within the deadline. *Turned away in*: p50 of those answers. Taking in and refusing two thirds of the requests costs the same cores that compute,
and so does the generator; the models are ones whose computing dominates.

${table(head, cells.map(rowOf))}

${models.map((model) => plotOf(bench, model, cells)).join('\n\n')}
`
}

const head = [
  ...['model', 'server', 'capacity 1/s', 'goodput 1/s', '**goodput / capacity**', '**kept**'],
  ...['turned away', 'turned away in ms', 'p50 of 2xx', 'p99 of 2xx', 'failed', 'generator'],
]

/** Good answers a second while requests arrive. */
function goodputOf({ slots, durationMs }: LoadResult): number {
  const during = slots.slice(0, Math.ceil(durationMs / slotMs))
  return during.reduce((sum, { good }) => sum + good, 0) / (durationMs / 1000)
}

function rowOf({ model, target, capacities, rounds }: OverloadCell): string[] {
  const goodput = rounds.map(goodputOf)
  const middle = (of: (round: LoadResult) => number) => median(rounds.map(of))
  const latency = (share: number) =>
    middle((round) => Histogram.from(round.latency).percentileMs(share)).toPrecision(3)
  const shedMs = middle((round) => Histogram.from(round.shedLatency).percentileMs(0.5))
  return [
    ...[model, titles[target]!, short(median(capacities)), short(median(goodput))],
    median(goodput.map((rate, round) => rate / capacities[round]!)).toFixed(2),
    percent(middle(({ offered, good, shed }) => good / Math.max(1, offered - shed))),
    percent(middle(({ offered, shed }) => shed / offered)),
    Number.isNaN(shedMs) ? '' : shedMs.toPrecision(3),
    ...[latency(0.5), latency(0.99)],
    failuresOf(rounds),
    percent(middle(({ cpuShare }) => cpuShare)),
  ]
}

/** How many of each status, of all rounds. */
function failuresOf(rounds: readonly LoadResult[]): string {
  const counts = new Map<string, number>()
  for (const [status, count] of rounds.flatMap(({ failures }) => Object.entries(failures)))
    counts.set(status, (counts.get(status) ?? 0) + count)
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ')
}

/** Goodput over time, of the first round. */
function plotOf(bench: Bench, model: string, cells: readonly OverloadCell[]): string {
  const chart = lineChart({
    title: `${model}: goodput at three times the capacity`,
    x: { label: 's since the first arrival', scale: 'linear' },
    y: { label: 'good answers, of the capacity', scale: 'linear' },
    series: cells
      .filter((cell) => cell.model === model)
      .map(({ target, capacities, rounds }) => ({
        name: titles[target]!,
        points: rounds[0]!.slots
          .slice(0, Math.ceil(rounds[0]!.durationMs / slotMs))
          .map(({ good }, index) => {
            const perS = good / (slotMs / 1000)
            return [((index + 0.5) * slotMs) / 1000, perS / capacities[0]!] as const
          }),
      })),
  })
  return bench.plot(`overload-${model}`, `Goodput of ${model} over time in overload`, chart)
}
