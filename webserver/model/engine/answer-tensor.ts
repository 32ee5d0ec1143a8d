import { bytesOfText, hasEscapes } from './byte-text'
import { classify } from './classification'
import { bytesDatatype, type Datatype, type NumericArray, type Values } from './datatypes'
import type { OutputPlan } from './plan-outputs'
import type { ServedModel } from './served-model'

/** One output of a run, as much of it as belongs to the request. */
export interface OutputValues {
  dims: readonly number[]
  values: Values
}

/** What a request went in with and came out with. */
export interface RunValues {
  /** By the index of the model's input. */
  inputs: readonly Values[]
  /** By the index of the model's output. */
  results: readonly OutputValues[]
}

/** A BYTES element: text, or bytes where those of the request have been put back. */
export type Element = string | Buffer

/** One output as it is answered, in whichever form. */
export interface AnswerTensor {
  name: string
  datatype: Datatype
  dims: readonly number[]
  values: NumericArray | readonly Element[]
}

/**
 * The answer to one asked output.
 * @throws {AppError} `invalid` when it is asked in more classes than can be answered.
 */
export function answerTensor(
  { spec, classes }: OutputPlan,
  model: ServedModel,
  { inputs, results }: RunValues,
): AnswerTensor {
  const { name, index, datatype } = spec
  const result = results[index]!
  if (classes > 0) {
    const labels = model.labels[index]!
    const texts = classify(result, { classes, batched: model.joinable, labels })
    return { name, datatype: bytesDatatype, ...texts }
  }
  const { dims, values } = result
  // Only what came in as an escape goes out as the byte it stands for; a model may have such characters of its own.
  if (Array.isArray(values) && hasEscapes(values) && inputs.some(hasEscapes))
    return { name, datatype, dims, values: values.map(bytesOfText) }
  return { name, datatype, dims, values }
}

/** The bytes of numbers, which are little-endian here as the protocol has them. */
export function viewOf({ buffer, byteOffset, byteLength }: NumericArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

export function isNumeric(values: AnswerTensor['values']): values is NumericArray {
  return !Array.isArray(values)
}
