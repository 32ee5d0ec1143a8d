import type { Bench } from '../bench'
import { Histogram } from '../load/histogram'
import type { LoadResult } from '../load/load'
import { lineChart } from '../plot'
import { conditions } from '../results'
import { titles } from '../stage'
import { median, medianRatio, percent, short, table } from '../statistics'

/** One server at one rate of one model. */
export interface OpenLoopCell {
  model: string
  /** Of the service, requests a second. */
  capacity: number
  load: number
  target: string
  rounds: LoadResult[]
}

export function describeOpenLoop(
  bench: Bench,
  cells: readonly OpenLoopCell[],
  foreignShare: number,
): string {
  const models = [...new Set(cells.map(({ model }) => model))]
  return `## Random arrivals: latency from the intended time of sending

${conditions()}. Foreign ${percent(foreignShare)}.

Requests arrive as a Poisson process, whether or not earlier ones have been answered, at a share of what *Gristmill* answers
to 32 connections that never wait (its capacity, with the same generator); every server gets the same arrivals at the same absolute
rate. Latency, in ms, counts from the time at which the request was meant to be sent to the last byte of its answer. What had no answer
2 s after the last arrival counts as long as was waited for it. p50 and p99 are medians of the rounds, p99.9 is of all rounds together.
*p99 / Gristmill's* above 1 is slower. *Generator*: its CPU, of one core; *sent late*: by how much it sent later than
intended, p99, for which its timer of 1 ms and a busy machine are to blame.

${table(
  head,
  cells.map((cell) => rowOf(cell, cells)),
)}

${models.map((model) => plotOf(bench, model, cells)).join('\n\n')}
`
}

const head = [
  ...['model', 'load', 'arrivals 1/s', 'server', 'p50', '**p99**', 'p99.9'],
  ...["**p99 / Gristmill's**", 'answered', 'generator', 'sent late'],
]

function percentiles({ rounds }: OpenLoopCell, share: number): number[] {
  return rounds.map(({ latency }) => Histogram.from(latency).percentileMs(share))
}

function mergedLatency({ rounds }: OpenLoopCell): Histogram {
  const all = new Histogram()
  for (const { latency } of rounds) all.add(latency)
  return all
}

function rowOf(cell: OpenLoopCell, cells: readonly OpenLoopCell[]): string[] {
  const { model, load, target, capacity, rounds } = cell
  const ours = cells.find(
    (other) => other.model === model && other.load === load && other.target === 'service',
  )!
  const p99 = percentiles(cell, 0.99)
  const answered = rounds.map(({ offered, good, late }) => (good + late) / offered)
  const lateness = rounds.map((round) => Histogram.from(round.lateness).percentileMs(0.99))
  return [
    ...[model, `${100 * load} %`, short(load * capacity), titles[target]!],
    median(percentiles(cell, 0.5)).toPrecision(3),
    median(p99).toPrecision(3),
    mergedLatency(cell).percentileMs(0.999).toPrecision(3),
    target === 'service' ? '' : medianRatio(p99, percentiles(ours, 0.99)).toFixed(2),
    percent(median(answered)),
    percent(median(rounds.map(({ cpuShare }) => cpuShare))),
    median(lateness).toPrecision(3),
  ]
}

const plottedLoad = 0.8
const shares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999]
const marks = [0, 0.5, 0.9, 0.99, 0.999]

/** Percentiles of latency at 80 % load, the tail stretched out as it deserves. */
function plotOf(bench: Bench, model: string, cells: readonly OpenLoopCell[]): string {
  const rarity = (share: number) => 1 / (1 - share)
  const shown = cells.filter((cell) => cell.model === model && cell.load === plottedLoad)
  const chart = lineChart({
    title: `${model}: latency at ${100 * plottedLoad} % of Gristmill's capacity`,
    x: {
      ...{ label: 'share of the requests', scale: 'log' },
      ticks: marks.map((share) => ({ at: rarity(share), text: percent(share) })),
    },
    y: { label: 'ms from the intended time of sending', scale: 'log' },
    series: shown.map((cell) => {
      const histogram = mergedLatency(cell)
      const points = shares.map((share) => [rarity(share), histogram.percentileMs(share)] as const)
      return { name: titles[cell.target]!, points }
    }),
  })
  return bench.plot(`open-loop-${model}`, `Latency of ${model} by percentile`, chart)
}
