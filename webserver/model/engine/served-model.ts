import type { InferenceSession } from 'onnxruntime-node'
import type { CheckedModel, PlannedModel, PlannedTensor, TuningTable } from '../model-plan'
import type { ModelSettings } from '../model-settings'
import { type Datatype, datatypeOf } from './datatypes'

export type ModelTensors = Pick<CheckedModel, 'inputs' | 'outputs'>

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

/** A model version that is served. */
export interface ServedModel {
  file: PlannedModel
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
  /** An estimate of what it needs while nothing runs. */
  memoryBytes: number
  /** Null while it is not in memory: until it is first asked for, and after it made room for others. */
  session: InferenceSession | null
  /** By `performance.now()`. */
  lastRunAtMs: number
}

/**
 * What a session says of its inputs and outputs.
 * @throws {Error} when one is of a type that is not served, or no tensor.
 */
export function tensorsOf(session: InferenceSession): ModelTensors {
  const tensors = { inputs: plain(session.inputMetadata), outputs: plain(session.outputMetadata) }
  for (const { type } of [...tensors.inputs, ...tensors.outputs]) datatypeOf(type)
  return tensors
}

function plain(metadata: readonly InferenceSession.ValueMetadata[]): PlannedTensor[] {
  return metadata.map((value) => {
    if (!value.isTensor) throw new Error(`'${value.name}' is not a tensor, which is not served`)
    return { name: value.name, type: value.type, shape: value.shape }
  })
}

export function describeTensors(tensors: readonly PlannedTensor[]): readonly TensorSpec[] {
  return tensors.map(({ name, type, shape }, index) => {
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : -1))
    return { index, name, datatype: datatypeOf(type), dims, anyShape: dims.length === 0 }
  })
}

export function byName(specs: readonly TensorSpec[]): ReadonlyMap<string, TensorSpec> {
  return new Map(specs.map((spec) => [spec.name, spec]))
}

/**
 * The first dimension of all inputs and outputs must be symbolic (as Triton decides it), and where inputs name theirs,
 * they must use one name: `[N,16]` and `[M,16]` are not rows of one batch.
 */
function hasBatchDimension({ inputs, outputs }: ModelTensors): boolean {
  const symbols = inputs.map(({ shape }) => shape[0])
  if ([...inputs, ...outputs].some(({ shape }) => typeof shape[0] !== 'string')) return false
  return inputs.length > 0 && new Set(symbols).size === 1
}

/** Whether requests may be joined; model.json can deny what the file seems to offer. */
export function isJoinable({ batching }: ModelSettings, tensors: ModelTensors): boolean {
  return batching && hasBatchDimension(tensors)
}
