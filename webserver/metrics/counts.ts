import { blockKinds, type BlockKindName } from './block-kinds'

/** A block on its way to the primary: what was added since the last time, or for other kinds than sums what is. */
export type WireBlock = [kind: BlockKindName, labels: readonly string[], values: readonly number[]]

interface Block {
  kind: BlockKindName
  labels: readonly string[]
  values: Float64Array
  sent: Float64Array
}

interface Gauge {
  kind: BlockKindName
  labels: readonly string[]
  read(): readonly number[]
}

/**
 * What one process counts. Who counts keeps the array of its block and adds to it: nothing is looked up, allocated or
 * called on the way of a request.
 */
export class Counts {
  private readonly blocks = new Map<string, Block>()
  private readonly gauges = new Map<string, Gauge>()

  /** The block of these labels, which begins at zeros. Labels must come from a bounded set. */
  block(kind: BlockKindName, labels: readonly string[]): Float64Array {
    const key = keyOf(kind, labels)
    const known = this.blocks.get(key)
    if (known !== undefined) return known.values
    const { length } = blockKinds[kind]
    const values = new Float64Array(length)
    this.blocks.set(key, { kind, labels, values, sent: new Float64Array(length) })
    return values
  }

  /** Reads anew for each report; a second reader for the same labels takes the place of the first. */
  gauge(kind: BlockKindName, labels: readonly string[], read: () => readonly number[]): void {
    this.gauges.set(keyOf(kind, labels), { kind, labels, read })
  }

  removeGauge(kind: BlockKindName, labels: readonly string[]): void {
    this.gauges.delete(keyOf(kind, labels))
  }

  /** What has changed since the last call, and all gauges. */
  takeChanges(): WireBlock[] {
    const changes: WireBlock[] = []
    for (const block of this.blocks.values()) {
      const values = changeOf(block)
      if (values !== null) changes.push([block.kind, block.labels, values])
    }
    for (const { kind, labels, read } of this.gauges.values()) changes.push([kind, labels, read()])
    return changes
  }
}

export function keyOf(kind: BlockKindName, labels: readonly string[]): string {
  return `${kind}\n${labels.join('\n')}`
}

function changeOf({ kind, values, sent }: Block): number[] | null {
  if (values.every((value, index) => value === sent[index])) return null
  const change =
    blockKinds[kind].combine === 'sum'
      ? Array.from(values, (value, index) => value - sent[index]!)
      : Array.from(values)
  sent.set(values)
  return change
}
