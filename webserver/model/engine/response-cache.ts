import { createHash } from 'node:crypto'
import type { Values } from './datatypes'
import type { OutputValues } from './answer-tensor'
import type { InferPlan } from './infer-plan'
import type { ServedModel } from './served-model'

interface Kept {
  outputs: readonly OutputValues[]
  sizeBytes: number
}

// What an entry costs beside its values, roughly.
const entryBytes = 512
const stringBytes = 32

/** Answers that may be given again, those least recently asked for making room (DESIGN: off unless a model asks for it). */
export class ResponseCache {
  /** A Map keeps the order in which keys were set: the first is the one not asked for the longest. */
  private readonly entries = new Map<string, Kept>()
  private heldBytes = 0

  constructor(private readonly bytesMax: number) {}

  serves({ settings }: ServedModel): boolean {
    return settings.responseCache && this.bytesMax > 0
  }

  get(key: string): readonly OutputValues[] | undefined {
    const kept = this.entries.get(key)
    if (kept === undefined) return undefined
    this.entries.delete(key)
    this.entries.set(key, kept)
    return kept.outputs
  }

  /** Copies the outputs. @returns whether they are kept; not when they alone are more than all that may be. */
  put(key: string, outputs: readonly OutputValues[]): boolean {
    const sizeBytes = sizeOf(outputs)
    if (sizeBytes > this.bytesMax) return false
    this.drop(key)
    while (this.heldBytes + sizeBytes > this.bytesMax) this.drop(this.entries.keys().next().value!)
    this.entries.set(key, { outputs: outputs.map(copyOf), sizeBytes })
    this.heldBytes += sizeBytes
    return true
  }

  private drop(key: string): void {
    this.heldBytes -= this.entries.get(key)?.sizeBytes ?? 0
    this.entries.delete(key)
  }
}

/**
 * Equal for requests whose answers are equal: the model's content, the names of the outputs that are wanted, and the
 * inputs with their shapes, in the model's order whatever theirs was. How tensors were written does not matter.
 */
export function cacheKeyOf(model: ServedModel, plan: InferPlan, values: readonly Values[]): string {
  const hash = createHash('sha256')
  const wanted = plan.outputs.map(({ spec }) => spec.index).sort((a, b) => a - b)
  const shapes = plan.inputs.map(({ spec, shape }) => `${spec.index}:${shape.join(',')}`).sort()
  hash.update(`${model.sha256} ${wanted.join(',')} ${shapes.join(' ')}\n`)
  for (const value of values)
    if (Array.isArray(value)) for (const text of value) hash.update(`${text.length}:${text}`)
    else hash.update(value)
  return hash.digest('base64')
}

function sizeOf(outputs: readonly OutputValues[]): number {
  let sizeBytes = entryBytes
  // Outputs that nobody asked for are holes.
  outputs.forEach(({ values }) => {
    if (!Array.isArray(values)) sizeBytes += values.byteLength
    else for (const text of values) sizeBytes += stringBytes + 2 * text.length
  })
  return sizeBytes
}

/** A typed array's view of a whole run's output would keep all of it. */
function copyOf({ dims, values }: OutputValues): OutputValues {
  return { dims, values: values.slice() }
}
