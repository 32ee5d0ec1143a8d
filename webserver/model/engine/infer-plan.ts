import { limits } from './limits'
import { allOutputs, jsonRefusalOf, type OutputPlan, planOutputs } from './plan-outputs'
import { type RegionSlice, requireSlice } from './region-slice'
import {
  type JsonObject,
  optionalCount,
  parametersOf,
  refuse,
  requireArray,
  requireObject,
  requireString,
  shown,
} from './request-fields'
import { noPrecedence, type Precedence, requirePrecedence } from './request-parameters'
import type { ServedModel, TensorSpec } from './served-model'
import { elementsOf, requireShape } from './shape'

export interface InputPlan {
  spec: TensorSpec
  shape: readonly number[]
  elements: number
  /** Bytes of the input in the body after the JSON, or its values in the JSON, or where they are in shared memory. */
  source: { binaryBytes: number } | { data: readonly unknown[] } | RegionSlice
}

/** An infer request but for the bytes of its binary inputs. */
export interface InferPlan extends Precedence {
  id: string | null
  /** In the order of the request, which is the order of the blobs. */
  inputs: readonly InputPlan[]
  outputs: readonly OutputPlan[]
  /** Why the outputs cannot be answered in JSON and binary tensors; null when they can. */
  jsonRefusal: string | null
  /** Sum of `binaryBytes`. */
  blobBytes: number
  /** Bytes of inputs in shared memory. */
  regionBytes: number
  usesRegions: boolean
  /** Rows along the batch dimension; 0 when the request must run alone. */
  items: number
  /** Requests of one model with the same key may run as one batch. */
  joinKey: string
}

/**
 * Reads the JSON of an infer request against the model that it is for.
 * @throws {AppError} `invalid` with the words that Triton uses, `unsupported`.
 */
export function planInfer(json: unknown, model: ServedModel): InferPlan {
  const request = requireObject(json, 'request')
  const precedence = requirePrecedence(parametersOf(request))
  const inputs = planInputs(request, model)
  const outputs = planOutputs(request, model)
  return { id: planId(request), ...precedence, ...planTensors(inputs, outputs, model) }
}

/** A request that is one tensor and asks for all outputs. */
export function planTensor(input: InputPlan, binary: boolean, model: ServedModel): InferPlan {
  return { id: null, ...noPrecedence, ...planTensors([input], allOutputs(model, binary), model) }
}

function planTensors(
  inputs: readonly InputPlan[],
  outputs: readonly OutputPlan[],
  model: ServedModel,
) {
  const sources = inputs.map(({ source }) => source)
  return {
    inputs,
    outputs,
    jsonRefusal: jsonRefusalOf(outputs),
    blobBytes: sources.reduce((sum, source) => sum + binaryBytesOf(source), 0),
    regionBytes: sources.reduce((sum, source) => sum + regionBytesOf(source), 0),
    usesRegions:
      sources.some((source) => 'region' in source) || outputs.some(({ region }) => region !== null),
    ...planJoin(inputs, model),
  }
}

/** What may join with what: equal sizes beyond the batch dimension. Element types are the model's, hence equal. */
function planJoin(inputs: readonly InputPlan[], model: ServedModel) {
  if (!model.joinable) return { items: 0, joinKey: '' }
  const items = inputs[0]!.shape[0]!
  let joinKey = ''
  for (const { spec, shape } of inputs) {
    if (shape[0] !== items)
      refuse(`input '${spec.name}' batch size does not match other inputs for '${model.name}'`)
    joinKey += `${spec.index}:${shape.slice(1).join(',')};`
  }
  return { items, joinKey }
}

function planId(request: JsonObject): string | null {
  if (request['id'] === undefined) return null
  const id = requireString(request['id'], 'id')
  if (id.length > limits.idLength) refuse(`'id' is longer than ${limits.idLength} characters`)
  return id
}

function planInputs(request: JsonObject, model: ServedModel): InputPlan[] {
  const plans: InputPlan[] = []
  for (const entry of requireArray(request['inputs'], 'inputs')) {
    const plan = planInput(requireObject(entry, 'inputs'), model)
    if (plans.some(({ spec }) => spec === plan.spec))
      refuse(`input '${plan.spec.name}' already exists in request`)
    plans.push(plan)
  }
  if (plans.length < model.inputs.length) refuseMissing(plans, model)
  return plans
}

function refuseMissing(plans: readonly InputPlan[], model: ServedModel): never {
  const given = plans.map(({ spec }) => spec)
  const missing = model.inputs.filter((spec) => !given.includes(spec))
  const list = (specs: readonly TensorSpec[]) =>
    `[${specs.map(({ name }) => `'${name}'`).join(',')}]`
  refuse(
    `expected ${model.inputs.length} inputs but got ${plans.length} inputs for model ` +
      `'${model.name}'. Got input(s) ${list(given)}, but missing required input(s) ` +
      `${list(missing)}. Please provide all required input(s).`,
  )
}

function planInput(entry: JsonObject, model: ServedModel): InputPlan {
  const name = requireString(entry['name'], 'name')
  const spec = model.inputByName.get(name)
  if (spec === undefined)
    refuse(`unexpected inference input '${shown(name)}' for model '${model.name}'`)
  const datatype = requireString(entry['datatype'], 'datatype')
  if (datatype !== spec.datatype.name)
    refuse(
      `inference input '${name}' data-type is '${shown(datatype)}', but model '${model.name}' ` +
        `expects '${spec.datatype.name}'`,
    )
  const shape = requireShape(entry['shape'], spec, model)
  const elements = elementsOf(shape)
  if (spec.datatype.json === 'string' && elements > limits.strings)
    refuse(`input '${name}' has ${elements} string elements, more than ${limits.strings}`)
  const source = planSource(entry, spec)
  if ('binaryBytes' in source) requireByteSize(spec, source.binaryBytes, { elements, model })
  if ('region' in source) requireByteSize(spec, source.sizeBytes, { elements, model })
  return { spec, shape, elements, source }
}

function requireByteSize(
  { name, datatype }: TensorSpec,
  sizeBytes: number,
  { elements, model }: { elements: number; model: ServedModel },
): void {
  const expected = elements * datatype.sizeBytes
  if (datatype.json !== 'string' && sizeBytes !== expected)
    refuse(
      `input byte size mismatch for input '${name}' for model '${model.name}'. ` +
        `Expected ${expected}, got ${sizeBytes}`,
    )
}

const sources = ['data', 'binary_data_size', 'shared_memory_region'] as const

function planSource(entry: JsonObject, spec: TensorSpec): InputPlan['source'] {
  const parameters = parametersOf(entry)
  const found = sources.filter(
    (field) => (field === 'data' ? entry[field] : parameters[field]) !== undefined,
  )
  if (found.length !== 1) refuse(`${onlyOne} But ${foundText(found)}`)
  if (found[0] === 'shared_memory_region') return requireSlice(parameters)
  if (found[0] === 'binary_data_size')
    return { binaryBytes: optionalCount(parameters['binary_data_size'], 'binary_data_size')! }
  if (spec.datatype.json === 'none')
    refuse(
      `receiving ${spec.datatype.name} data via JSON is not supported. Please use the binary data ` +
        `format for input ${spec.name} (set 'binary_data_size'; in tritonclient: binary_data=True)`,
    )
  return { data: requireArray(entry['data'], 'data') }
}

const onlyOne =
  "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', " +
  "'shared_memory_region' in 'parameters'."

function foundText(found: readonly string[]): string {
  if (found.length === 0) return 'no field is set'
  return `fields ${found.map((field) => `'${field}'`).join(', ')} are set`
}

function binaryBytesOf(source: InputPlan['source']): number {
  return 'binaryBytes' in source ? source.binaryBytes : 0
}

function regionBytesOf(source: InputPlan['source']): number {
  return 'region' in source ? source.sizeBytes : 0
}
