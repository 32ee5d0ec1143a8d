import type { CountedBlock } from '../domain/counted'
import { blockKinds, type BlockKindName } from './block-kinds'

interface Block {
  kind: BlockKindName
  labels: readonly string[]
  values: Float64Array
  /** Null before the first report, which tells of zeros too. */
  sent: Float64Array | null
}

/**
 * What one process counts. Who counts keeps the array of its block and adds to it: nothing is looked up, allocated or
 * called on the way of a request.
 */
export class Counts {
  private readonly blocks = new Map<string, Block>()
  private readonly readers = new Map<string, () => void>()

  /** The block of these labels, which begins at zeros. Labels must come from a bounded set. */
  block(kind: BlockKindName, labels: readonly string[]): Float64Array {
    const key = keyOf(kind, labels)
    const known = this.blocks.get(key)
    if (known !== undefined) return known.values
    const values = new Float64Array(blockKinds[kind].length)
    this.blocks.set(key, { kind, labels, values, sent: null })
    return values
  }

  /** Has `read` bring a block up to date before each report; a later reader of the same block replaces an earlier one. */
  observe(
    kind: BlockKindName,
    labels: readonly string[],
    read: (values: Float64Array) => void,
  ): void {
    const values = this.block(kind, labels)
    this.readers.set(keyOf(kind, labels), () => read(values))
  }

  /** What sums have grown by since the last call, where they have, and how everything else stands. */
  takeChanges(): CountedBlock[] {
    for (const read of this.readers.values()) read()
    const changes: CountedBlock[] = []
    for (const block of this.blocks.values()) {
      const values = changeOf(block)
      if (values !== null) changes.push([block.kind, block.labels, values])
    }
    return changes
  }
}

export function keyOf(kind: string, labels: readonly string[]): string {
  return `${kind}\n${labels.join('\n')}`
}

function changeOf(block: Block): number[] | null {
  const { values, sent } = block
  const { combine } = blockKinds[block.kind]
  block.sent = values.slice()
  if (sent === null) return [...values]
  // Gauges are told each time: what a process no longer tells of has ended with it.
  if (combine !== 'gauge' && values.every((value, index) => value === sent[index])) return null
  return combine === 'sum' ? Array.from(values, (value, at) => value - sent[at]!) : [...values]
}
