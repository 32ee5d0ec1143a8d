import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Values } from './datatypes'
import type { OutputValues } from './answer-tensor'
import type { InferPlan } from './infer-plan'
import type { ServedModel, TensorSpec } from './served-model'

/** What a run needs of a request. */
export interface RunInput {
  plan: InferPlan
  values: readonly Values[]
}

export type TensorMaker = new (type: Tensor.Type, data: Values, dims: readonly number[]) => Tensor

interface RunParts {
  Tensor: TensorMaker
  memory: JoinMemory
  onStart: () => void
  onEnd: () => void
}

const joinBytesKept = 32 * 1024 * 1024

/**
 * Where inputs are joined, used again by each run: fresh memory costs a page fault for every 4 KiB of it. ONNX Runtime
 * reads it during the run only, and copies what it answers.
 */
export class JoinMemory {
  private memory = new ArrayBuffer(0)
  private usedBytes = 0

  /** Everything handed out before may be written over. */
  begin(): void {
    this.usedBytes = 0
  }

  /** @returns memory that is not cleared, and where in it the piece begins: at a multiple of 64. */
  take(sizeBytes: number): { buffer: ArrayBuffer; byteOffset: number } {
    const byteOffset = Math.ceil(this.usedBytes / 64) * 64
    const endBytes = byteOffset + sizeBytes
    if (endBytes > joinBytesKept) return fresh(sizeBytes)
    // What has been handed out of the old memory for this run stays valid.
    if (endBytes > this.memory.byteLength)
      this.memory = fresh(Math.min(2 * endBytes, joinBytesKept)).buffer
    this.usedBytes = endBytes
    return { buffer: this.memory, byteOffset }
  }
}

function fresh(sizeBytes: number): { buffer: ArrayBuffer; byteOffset: number } {
  return { buffer: Buffer.allocUnsafeSlow(sizeBytes).buffer, byteOffset: 0 }
}

/** A joined run answered with another number of rows than it was given: the first dimension is no batch after all. */
export class RowCountError extends Error {}

/**
 * Runs a model, which must be in memory, once for one or more requests of equal join key.
 * @param onStart called right before the native run, which does not give the thread back until it ends, and `onEnd`
 * right after it.
 * @returns the outputs of each request, by the index of the model's output; those that nobody asked for are absent.
 * @throws {RowCountError}, or what ONNX Runtime throws.
 */
export async function runModel(
  model: ServedModel,
  inputs: readonly RunInput[],
  { Tensor, memory, onStart, onEnd }: RunParts,
): Promise<OutputValues[][]> {
  const feeds = feedsOf(model, inputs, { Tensor, memory })
  const fetches = wantedOutputs(model, inputs)
  // ONNX Runtime's binding defers its work by one setImmediate; ours, asked first, comes right before it.
  const start = setImmediate(onStart)
  const session = model.session!
  const run = fetches === undefined ? session.run(feeds) : session.run(feeds, fetches)
  // A run that is refused before it starts must not be started later.
  const results = await run.finally(() => {
    clearImmediate(start)
    onEnd()
  })
  return inputs.length === 1 ? [whole(model, results)] : split(model, inputs, results)
}

function feedsOf(
  model: ServedModel,
  inputs: readonly RunInput[],
  { Tensor: Maker, memory }: Pick<RunParts, 'Tensor' | 'memory'>,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  memory.begin()
  const rows = inputs.length === 1 ? 0 : inputs.reduce((sum, { plan }) => sum + plan.items, 0)
  for (const input of inputs[0]!.plan.inputs) {
    const { spec, shape } = input
    feeds[spec.name] =
      inputs.length === 1
        ? new Maker(spec.datatype.ortType, inputs[0]!.values[spec.index]!, shape)
        : new Maker(spec.datatype.ortType, joinValues(spec, inputs, memory), [
            rows,
            ...shape.slice(1),
          ])
  }
  return feeds
}

function joinValues(spec: TensorSpec, inputs: readonly RunInput[], memory: JoinMemory): Values {
  const parts = inputs.map(({ values }) => values[spec.index]!)
  if (Array.isArray(parts[0])) return (parts as string[][]).flat()
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const { buffer, byteOffset } = memory.take(length * spec.datatype.sizeBytes)
  const joined = new spec.datatype.Values(buffer, byteOffset, length)
  let at = 0
  for (const part of parts) {
    joined.set(part as never, at)
    at += part.length
  }
  return joined
}

/** Undefined is all of them, in one step less. */
function wantedOutputs(
  model: ServedModel,
  inputs: readonly RunInput[],
): InferenceSession.NullableOnnxValueMapType | undefined {
  if (inputs.some(({ plan }) => plan.outputs.length === model.outputs.length)) return undefined
  const wanted: Record<string, null> = {}
  for (const { plan } of inputs) for (const { spec } of plan.outputs) wanted[spec.name] = null
  return wanted
}

function whole(model: ServedModel, results: InferenceSession.OnnxValueMapType): OutputValues[] {
  const outputs: OutputValues[] = []
  for (const { name, index } of model.outputs) {
    const tensor = results[name]
    if (tensor !== undefined) outputs[index] = { dims: tensor.dims, values: tensor.data }
  }
  return outputs
}

function split(
  model: ServedModel,
  inputs: readonly RunInput[],
  results: InferenceSession.OnnxValueMapType,
): OutputValues[][] {
  const joined = whole(model, results)
  const rows = inputs.reduce((sum, { plan }) => sum + plan.items, 0)
  if (joined.some((output) => output.dims[0] !== rows))
    throw new RowCountError(`a run of ${rows} rows answered another number of rows`)
  let row = 0
  return inputs.map(({ plan: { items } }) => {
    const own = joined.map((output) => rowsOf(output, { row, items, rows }))
    row += items
    return own
  })
}

function rowsOf(
  { dims, values }: OutputValues,
  { row, items, rows }: { row: number; items: number; rows: number },
): OutputValues {
  const perRow = values.length / rows
  const [start, end] = [row * perRow, (row + items) * perRow]
  const part = Array.isArray(values) ? values.slice(start, end) : values.subarray(start, end)
  return { dims: [items, ...dims.slice(1)], values: part }
}
