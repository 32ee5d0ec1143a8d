import { limits } from './limits'
import { type RegionSlice, requireSlice } from './region-slice'
import {
  type JsonObject,
  optionalBoolean,
  optionalCount,
  parametersOf,
  refuse,
  requireArray,
  requireObject,
  requireString,
  shown,
} from './request-fields'
import type { ServedModel, TensorSpec } from './served-model'

export interface OutputPlan {
  spec: TensorSpec
  binary: boolean
  /** How many of the largest values are answered in place of all, as text (classification extension); 0 for all. */
  classes: number
  /** Where its bytes go in place of the answer; null is nowhere. */
  region: RegionSlice | null
}

/**
 * The outputs that a request asks for, all of the model's when it lists none.
 * @throws {AppError} `invalid` with Triton's words, `unsupported`.
 */
export function planOutputs(request: JsonObject, model: ServedModel): readonly OutputPlan[] {
  const preset = optionalBoolean(parametersOf(request)['binary_data_output'], 'binary_data_output')
  const binary = preset ?? false
  const entries =
    request['outputs'] === undefined ? [] : requireArray(request['outputs'], 'outputs')
  if (entries.length === 0) return allOutputs(model, binary)
  const plans: OutputPlan[] = []
  for (const entry of entries) {
    const plan = planOutput(requireObject(entry, 'outputs'), model, binary)
    if (plans.some(({ spec }) => spec === plan.spec))
      refuse(`output '${plan.spec.name}' already exists in request`)
    plans.push(plan)
  }
  return plans
}

export function allOutputs(model: ServedModel, binary: boolean): readonly OutputPlan[] {
  return model.outputs.map((spec) => ({ spec, binary, classes: 0, region: null }))
}

function planOutput(entry: JsonObject, model: ServedModel, preset: boolean): OutputPlan {
  const name = requireString(entry['name'], 'name')
  const spec = model.outputByName.get(name)
  if (spec === undefined)
    refuse(`unexpected inference output '${shown(name)}' for model '${model.name}'`)
  const parameters = parametersOf(entry)
  const binary = optionalBoolean(parameters['binary_data'], 'binary_data') ?? preset
  const classes = optionalCount(parameters['classification'], 'classification') ?? 0
  if (classes > 0) requireClassifiable(spec, classes)
  const inMemory = parameters['shared_memory_region'] !== undefined
  if (classes > 0 && inMemory)
    refuse(`shared memory does not go with 'classification', output '${name}'`)
  const region = inMemory ? requireSlice(parameters) : null
  return { spec, binary, classes, region }
}

const classifiable: readonly string[] = ['float', 'integer', 'bigint']

function requireClassifiable({ name, datatype }: TensorSpec, classes: number): void {
  if (!classifiable.includes(datatype.json))
    refuse(
      `class result not available for output '${name}' due to unsupported type '${datatype.name}'`,
    )
  if (classes > limits.strings)
    refuse(`'classification' of output '${name}' is ${classes}, more than ${limits.strings}`)
}

/** Why these outputs cannot go out as JSON and binary tensors; null when they can. */
export function jsonRefusalOf(outputs: readonly OutputPlan[]): string | null {
  const mute = outputs.find(
    ({ spec, binary, classes, region }) =>
      !binary && classes === 0 && region === null && spec.datatype.json === 'none',
  )
  if (mute === undefined) return null
  const { name, datatype } = mute.spec
  return (
    `sending ${datatype.name} data via JSON is not supported. Please use the binary data ` +
    `format for output ${name} (set 'binary_data'; in tritonclient: binary_data=True) or ask for application/x-npy`
  )
}
