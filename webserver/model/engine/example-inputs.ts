import type { Tensor } from 'onnxruntime-node'
import type { ModelSettings } from '../model-settings'
import type { Datatype, Values } from './datatypes'
import type { TensorMaker } from './run-model'
import type { TensorSpec } from './served-model'
import { elementsOf } from './shape'

/** Shapes of one item by input, the batch dimension left out where there is one. */
export type ItemShapes = ReadonlyMap<TensorSpec, readonly number[]>

interface Described {
  inputs: readonly TensorSpec[]
  joinable: boolean
}

/**
 * The shapes of a run on synthetic input: what `exampleShapes` of model.json says, else what the model declares. An
 * input that declares nothing counts as a scalar.
 * @returns null when a dimension is neither stated nor fixed.
 * @throws {Error} when model.json contradicts the model.
 */
export function itemShapesOf(
  { inputs, joinable }: Described,
  examples: ModelSettings['exampleShapes'] = {},
): ItemShapes | null {
  const unknown = Object.keys(examples).find((name) => !inputs.some((spec) => spec.name === name))
  if (unknown !== undefined) throw new Error(`model.json: exampleShapes: no input is '${unknown}'`)
  const shapes = new Map(
    inputs.map((spec) => {
      const declared = joinable ? spec.dims.slice(1) : spec.dims
      const example = examples[spec.name]
      if (example !== undefined) requireFit(example, declared, spec)
      return [spec, example ?? declared] as const
    }),
  )
  return [...shapes.values()].flat().includes(-1) ? null : shapes
}

function requireFit(example: readonly number[], declared: readonly number[], spec: TensorSpec) {
  const fits =
    spec.anyShape ||
    (example.length === declared.length &&
      declared.every((dim, index) => dim === -1 || dim === example[index]))
  if (fits) return
  throw new Error(
    `model.json: exampleShapes: [${example.join(',')}] is no item of '${spec.name}', ` +
      `which is [${declared.join(',')}]`,
  )
}

/** Of all inputs of one item together. */
export function itemBytesOf(shapes: ItemShapes): number {
  return [...shapes].reduce(
    (sum, [{ datatype }, shape]) => sum + elementsOf(shape) * Math.max(datatype.sizeBytes, 1),
    0,
  )
}

/** The feeds of one run on `items` items; of a model without a batch there is one. */
export function exampleFeeds(
  shapes: ItemShapes,
  { items, joinable, Tensor }: { items: number; joinable: boolean; Tensor: TensorMaker },
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (const [{ name, datatype }, shape] of shapes) {
    const whole = joinable ? [items, ...shape] : shape
    feeds[name] = new Tensor(datatype.ortType, exampleValues(datatype, elementsOf(whole)), whole)
  }
  return feeds
}

const halfOne = 0x3800

/** Numbers between 0 and 1 where a model takes fractions; zeros elsewhere, which are an index into anything. */
function exampleValues({ name, json, sizeBytes, Values }: Datatype, length: number): Values {
  if (json === 'string') return new Array<string>(length).fill('')
  const values = new Values(new ArrayBuffer(length * sizeBytes), 0, length)
  if (name === 'FP16') (values as Uint16Array).fill(halfOne)
  if (json === 'float')
    for (let index = 0; index < length; index++) values[index] = ((index % 97) + 1) / 98
  return values
}
