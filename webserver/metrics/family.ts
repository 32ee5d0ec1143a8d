import type { BlockKindName } from './block-kinds'
import { type Buckets, durationBuckets, sizeBuckets } from './buckets'

/** One series of a family for each block: its own labels beside the block's, and where its number lies. */
export interface Column {
  labels: Readonly<Record<string, string>>
  at: number
}

export interface HistogramColumn {
  labels: Readonly<Record<string, string>>
  bucketsAt: number
  sumAt: number
}

/** A metric as Prometheus sees it, read from the blocks of one kind. */
export type Family = {
  name: string
  help: string
  kind: BlockKindName
  /** Names of the block's labels. */
  labels: readonly string[]
  /** What a number of the block is multiplied with. */
  scale: number
} & (
  | { type: 'counter' | 'gauge'; columns: readonly Column[] }
  | {
      type: 'histogram'
      buckets: Buckets
      boundScale: number
      columns: readonly HistogramColumn[]
    }
)

type Source = Pick<Family, 'kind' | 'labels'> & { scale?: number }

function scalar(type: 'counter' | 'gauge') {
  return (name: string, help: string, source: Source, at: number | readonly Column[]): Family => ({
    type,
    name,
    help,
    scale: 1,
    ...source,
    columns: typeof at === 'number' ? [{ labels: {}, at }] : at,
  })
}

export const counter = scalar('counter')
export const gauge = scalar('gauge')

/** Of durations that were summed up in ns and put into buckets of µs. */
export const seconds = { buckets: durationBuckets, boundScale: 1e-6, scale: 1e-9 }
export const sizes = { buckets: sizeBuckets, boundScale: 1, scale: 1 }

export const modelLabels = ['model', 'version']
export const ofModel = { kind: 'model', labels: modelLabels } as const
