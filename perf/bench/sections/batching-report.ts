import type { Bench } from '../bench'
import { lineChart } from '../plot'
import { conditions } from '../results'
import { median, medianRatio, percent, short, table } from '../statistics'
import type { Load } from '../wrk'
import type { VariantCell } from './batching'

const rates = (loads: readonly Load[]) => loads.map(({ requestsPerS }) => requestsPerS)

function rateOf(loads: readonly Load[]): string {
  return short(median(rates(loads))) + (loads.some(({ failed }) => failed > 0) ? ' !' : '')
}

function p99Of(loads: readonly Load[]): string {
  return median(loads.map(({ p99Ms }) => p99Ms)).toPrecision(3)
}

export function describeBatching(
  bench: Bench,
  cells: readonly VariantCell[],
  foreignShare: number,
): string {
  const rows = cells.map(({ model, clients, loads }) => {
    const { on, off } = loads as Record<'on' | 'off', Load[]>
    const ratio = medianRatio(rates(on), rates(off)).toFixed(2)
    return [model, String(clients), rateOf(on), p99Of(on), rateOf(off), p99Of(off), ratio]
  })
  return `## Batching on against off

${conditions()}. Foreign ${percent(foreignShare)}.

Requests per second and p99 in ms through nginx, with sign-in. Each model is there twice in one service: as it is, and with
\`"batching": false\` in its \`model.json\`.

${table(['model', 'clients', 'on', 'p99', 'off', 'p99', '**on / off**'], rows)}
${bench.quick ? '' : `\n${plotOf(bench, cells)}\n`}`
}

function plotOf(bench: Bench, cells: readonly VariantCell[]): string {
  const clientCounts = [...new Set(cells.map(({ clients }) => clients))]
  const chart = lineChart({
    title: 'What batching is worth, by the number of clients',
    x: {
      ...{ label: 'clients', scale: 'log' },
      ticks: clientCounts.map((clients) => ({ at: clients, text: String(clients) })),
    },
    y: { label: 'requests a second, on / off', scale: 'linear' },
    series: [...new Set(cells.map(({ model }) => model))].map((name) => ({
      name,
      points: cells
        .filter(({ model }) => model === name)
        .map(({ clients, loads }) => {
          return [clients, medianRatio(rates(loads['on']!), rates(loads['off']!))] as const
        }),
    })),
  })
  return bench.plot('batching', 'Requests a second with batching, relative to without', chart)
}

export function describeTuning(cells: readonly VariantCell[], foreignShare: number): string {
  const rows = cells.map(({ model, clients, loads }) => {
    const { tuned, ...fixed } = loads as Record<'tuned' | 'one' | 'eight' | 'most', Load[]>
    const sides = [fixed.one, fixed.eight, fixed.most]
    const best = sides.reduce((a, b) => (median(rates(b)) > median(rates(a)) ? b : a))
    return [
      ...[model, String(clients), rateOf(tuned), ...sides.map(rateOf)],
      ...[p99Of(tuned), ...sides.map(p99Of)],
      medianRatio(rates(tuned), rates(best)).toFixed(2),
    ]
  })
  const head = [
    ...['model', 'clients', 'self-tuned', '1', '8', '32'],
    ...['p99 self-tuned', 'p99 at 1', 'p99 at 8', 'p99 at 32', '**self-tuned / best fixed**'],
  ]
  return `## The measured batch size against fixed ones

${conditions()}. Foreign ${percent(foreignShare)}.

Requests per second and p99 in ms through nginx, with sign-in. Each model is there four times in one service: as it is, so that its
batch size is the one measured when it was first loaded, and with \`"batchItemsMax"\` 1, 8 and 32 in its \`model.json\`. The last column
compares with the best of the fixed sizes in hindsight, so about 1 is all that can be had.

${table(head, rows)}
`
}
