import type { CountedBlock } from '../domain/counted'
import { blockKinds, type BlockKindName } from './block-kinds'
import { keyOf } from './counts'

type Total = [kind: BlockKindName, labels: readonly string[], values: number[]]

/**
 * What all processes of the service have counted since its start. The past of a process that died stays, so that
 * nothing ever decreases; its gauges go.
 */
export class Totals {
  /** Blocks that found no place any more. */
  dropped = 0
  private readonly totals = new Map<string, Total>()
  /** By the process that told them. */
  private readonly gauges = new Map<object, readonly CountedBlock[]>()

  /** @param blocksMax most blocks that are kept; each is one combination of labels. */
  constructor(private readonly blocksMax: number) {}

  /** Takes in one report of a process. */
  add(process: object, blocks: readonly CountedBlock[]): void {
    this.gauges.set(process, blocks.filter(isGauge))
    for (const block of blocks) if (!isGauge(block)) this.combine(this.totals, block)
  }

  /** The process has ended. */
  forget(process: object): void {
    this.gauges.delete(process)
  }

  read(): CountedBlock[] {
    const gauges = new Map<string, Total>()
    for (const blocks of this.gauges.values())
      for (const block of blocks) this.combine(gauges, block)
    return [...this.totals.values(), ...gauges.values()]
  }

  private combine(into: Map<string, Total>, [name, labels, values]: CountedBlock): void {
    const kind = name as BlockKindName
    const key = keyOf(kind, labels)
    const total = into.get(key)
    if (total !== undefined) merge(total, values)
    else if (into.size < this.blocksMax) into.set(key, [kind, labels, [...values]])
    else this.dropped++
  }
}

/** Of gauges too the sum is told: two processes share a place while one replaces the other. */
function merge([kind, , into]: Total, values: readonly number[]): void {
  const largest = blockKinds[kind].combine === 'max'
  for (const [index, value] of values.entries())
    into[index] = largest ? Math.max(into[index]!, value) : into[index]! + value
}

function isGauge([kind]: CountedBlock): boolean {
  return blockKinds[kind as BlockKindName].combine === 'gauge'
}
