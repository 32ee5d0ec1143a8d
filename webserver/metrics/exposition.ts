import type { CountedBlock } from '../domain/counted'
import { families } from './families'
import type { Family, HistogramColumn } from './family'

/** Media type of the Prometheus text format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

type HistogramFamily = Extract<Family, { type: 'histogram' }>

/** Writes the totals in the text format of Prometheus, version 0.0.4. */
export function expose(blocks: readonly CountedBlock[]): string {
  const byKind = new Map<string, CountedBlock[]>()
  for (const block of blocks) {
    const others = byKind.get(block[0])
    if (others === undefined) byKind.set(block[0], [block])
    else others.push(block)
  }
  return families.map((family) => exposeFamily(family, byKind.get(family.kind) ?? [])).join('')
}

function exposeFamily(family: Family, blocks: readonly CountedBlock[]): string {
  const lines = family.type === 'histogram' ? histograms(family, blocks) : scalars(family, blocks)
  if (lines.length === 0) return ''
  const { name, help, type } = family
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}

function scalars(
  family: Exclude<Family, HistogramFamily>,
  blocks: readonly CountedBlock[],
): string[] {
  const { name, columns, scale } = family
  return blocks.flatMap(([, labels, values]) =>
    columns.map((column) => {
      const text = labelText(pairs(family, labels, column.labels))
      return `${name}${text} ${scaled(values[column.at]!, scale)}`
    }),
  )
}

/** Without a line for histograms that are still empty: a model that nobody asks costs no series. */
function histograms(family: HistogramFamily, blocks: readonly CountedBlock[]): string[] {
  const { buckets, boundScale, columns } = family
  const bounds = [...buckets.bounds.map((bound) => scaled(bound, boundScale)), '+Inf']
  return blocks.flatMap((block) =>
    columns.flatMap((column) => {
      const counts = block[2].slice(column.bucketsAt, column.bucketsAt + buckets.count)
      const isEmpty = counts.every((count) => count === 0)
      return isEmpty ? [] : histogram(family, column, { block, counts, bounds })
    }),
  )
}

function histogram(
  family: HistogramFamily,
  column: HistogramColumn,
  parts: { block: CountedBlock; counts: readonly number[]; bounds: readonly string[] },
): string[] {
  const [, labelValues, values] = parts.block
  const { name, scale } = family
  const labels = pairs(family, labelValues, column.labels)
  const start = `${name}_bucket{${[...labels, ''].join(',')}le="`
  let total = 0
  const lines = parts.counts.map((count, index) => {
    total += count
    return `${start}${parts.bounds[index]!}"} ${total}`
  })
  const text = labelText(labels)
  const sum = scaled(values[column.sumAt]!, scale)
  return [...lines, `${name}_sum${text} ${sum}`, `${name}_count${text} ${total}`]
}

function pairs(
  family: Family,
  values: readonly string[],
  own: Readonly<Record<string, string>>,
): string[] {
  const ofBlock = family.labels.map((name, index) => `${name}="${escaped(values[index]!)}"`)
  return [...ofBlock, ...Object.entries(own).map(([name, value]) => `${name}="${escaped(value)}"`)]
}

function labelText(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
}

/** To nine digits behind the point, the precision of what was measured. */
function scaled(value: number, scale: number): string {
  return scale === 1 ? String(value) : String(Number((value * scale).toFixed(9)))
}
