import type { InferenceSession } from 'onnxruntime-node'
import type { TuningTable } from '../model-plan'
import type { ModelSettings } from '../model-settings'
import { type Datatype, datatypeOf } from './datatypes'

/** One input or output as the model declares it. */
export interface TensorSpec {
  /** Position among the model's inputs or outputs. */
  index: number
  name: string
  datatype: Datatype
  /** −1 is a variable dimension. */
  dims: readonly number[]
  /** ONNX Runtime reports a scalar and a tensor of unknown rank alike: no dimensions; any shape is then let through. */
  anyShape: boolean
}

/** A model version that is loaded. */
export interface ServedModel {
  /** Position in the list of all models on disk; the watchdog knows it by this. */
  number: number
  name: string
  version: string
  platform: string
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
  inputByName: ReadonlyMap<string, TensorSpec>
  outputByName: ReadonlyMap<string, TensorSpec>
  /** Names of the classes, by the index of the output; empty where there are none. */
  labels: readonly (readonly string[])[]
  /** Whether the first dimension of every tensor is the batch, so that requests may be joined along it. */
  joinable: boolean
  /** Most items of one joined run. */
  batchItemsMax: number
  settings: ModelSettings
  /** What runs of each size cost; null when it has not been measured. */
  tuning: TuningTable | null
  /** Of the file. */
  sha256: string
  session: InferenceSession
}

/** @throws {Error} when a tensor is of a type that is not served, or an input or output is no tensor. */
export function describeTensors(
  metadata: readonly InferenceSession.ValueMetadata[],
): readonly TensorSpec[] {
  return metadata.map((value, index) => {
    if (!value.isTensor) throw new Error(`'${value.name}' is not a tensor, which is not served`)
    const dims = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1))
    const anyShape = dims.length === 0
    return { index, name: value.name, datatype: datatypeOf(value.type), dims, anyShape }
  })
}

export function byName(specs: readonly TensorSpec[]): ReadonlyMap<string, TensorSpec> {
  return new Map(specs.map((spec) => [spec.name, spec]))
}

/**
 * The first dimension of all inputs and outputs must be symbolic (as Triton decides it), and where inputs name theirs,
 * they must use one name: `[N,16]` and `[M,16]` are not rows of one batch.
 */
export function hasBatchDimension(session: InferenceSession): boolean {
  const inputs = session.inputMetadata.map(firstSymbol)
  const outputs = session.outputMetadata.map(firstSymbol)
  if ([...inputs, ...outputs].includes(null)) return false
  return inputs.length > 0 && new Set(inputs).size === 1
}

function firstSymbol(value: InferenceSession.ValueMetadata): string | null {
  const first = value.isTensor ? value.shape[0] : undefined
  return typeof first === 'string' ? first : null
}
