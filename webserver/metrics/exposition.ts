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
  const lines = blocks.flatMap((block) =>
    family.type === 'histogram' ? histogramLines(family, block) : scalarLines(family, block),
  )
  if (lines.length === 0) return ''
  const { name, help, type } = family
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}

function scalarLines(
  family: Exclude<Family, HistogramFamily>,
  [, labels, values]: CountedBlock,
): string[] {
  return family.columns.map((column) => {
    const text = labelText(pairs(family, labels, column.labels))
    return `${family.name}${text} ${scaled(values[column.at]!, family.scale)}`
  })
}

/** Without a line for histograms that are still empty: a model that nobody asks costs no series. */
function histogramLines(family: HistogramFamily, [, labels, values]: CountedBlock): string[] {
  return family.columns.flatMap((column) => {
    const own = pairs(family, labels, column.labels)
    const counts = values.slice(column.bucketsAt, column.bucketsAt + family.buckets.count)
    return counts.some((count) => count > 0)
      ? oneHistogram(family, column, own, { counts, values })
      : []
  })
}

function oneHistogram(
  { name, scale, buckets, boundScale }: HistogramFamily,
  { sumAt }: HistogramColumn,
  labels: readonly string[],
  { counts, values }: { counts: readonly number[]; values: readonly number[] },
): string[] {
  let sum = 0
  const lines = counts.map((count, index) => {
    sum += count
    const bound = buckets.bounds[index]
    const le = bound === undefined ? '+Inf' : scaled(bound, boundScale)
    return `${name}_bucket${labelText([...labels, `le="${le}"`])} ${sum}`
  })
  const text = labelText(labels)
  return [
    ...lines,
    `${name}_sum${text} ${scaled(values[sumAt]!, scale)}`,
    `${name}_count${text} ${sum}`,
  ]
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
