import { textOfBytes, textOfString } from './byte-text'
import type { Datatype, Values } from './datatypes'
import type { DecodedInfer } from './decode-infer'
import { type InputPlan, planTensor } from './infer-plan'
import { limits } from './limits'
import { descrs, type NpyArray, parseNpy } from './npy-format'
import { refuse, shown } from './request-fields'
import type { ServedModel, TensorSpec } from './served-model'
import { elementsOf, requireShape } from './shape'
import { binaryValues } from './tensor-values'

/**
 * Reads a `.npy` file as the one input of a model; all outputs are asked for.
 * @throws {AppError} `invalid`.
 */
export function decodeNpy(body: Buffer, model: ServedModel): DecodedInfer {
  const spec = model.inputs[0]
  if (spec === undefined || model.inputs.length !== 1)
    refuse(
      `application/x-npy needs a model with one input, '${model.name}' has ${model.inputs.length}`,
    )
  const array = parseNpy(body)
  requireType(array.descr, spec, model)
  const shape = requireShape(array.shape, spec, model)
  const source = { binaryBytes: array.data.length }
  const input: InputPlan = { spec, shape, elements: elementsOf(shape), source }
  const width = widthOf(array.descr, spec.datatype)
  if (array.data.length !== input.elements * width)
    refuse(
      `input byte size mismatch for input '${spec.name}' for model '${model.name}'. ` +
        `Expected ${input.elements * width}, got ${array.data.length}`,
    )
  const plan = planTensor(input, false, model)
  return { plan, values: [valuesOf(array, input, model)] }
}

const textType = /^(?:\|S|<U)([0-9]{1,9})$/

function requireType(descr: string, spec: TensorSpec, model: ServedModel): void {
  const { name, json } = spec.datatype
  if (json === 'string' ? textType.test(descr) : descrs[name] === descr) return
  refuse(
    `inference input '${spec.name}' data-type is '${shown(descr)}', but model '${model.name}' ` +
      `expects '${name}' (${json === 'string' ? '|S or <U' : descrs[name]})`,
  )
}

/** Bytes of one element in the file. */
function widthOf(descr: string, { json, sizeBytes }: Datatype): number {
  if (json !== 'string') return sizeBytes
  const width = Number(textType.exec(descr)![1])
  return descr.startsWith('<U') ? 4 * width : width
}

function valuesOf({ descr, data }: NpyArray, input: InputPlan, model: ServedModel): Values {
  if (input.spec.datatype.json !== 'string') return binaryValues(input, data, model)
  if (input.elements > limits.strings)
    refuse(`the .npy file has ${input.elements} strings, more than ${limits.strings}`)
  const width = widthOf(descr, input.spec.datatype)
  const textOf = descr.startsWith('<U') ? codePointText : paddedText
  return Array.from({ length: input.elements }, (_, index) =>
    textOf(data.subarray(index * width, (index + 1) * width)),
  )
}

/** NumPy fills elements up with NULs, and takes all at the end for filling. */
function paddedText(bytes: Buffer): string {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return textOfBytes(bytes.subarray(0, end))
}

function codePointText(bytes: Buffer): string {
  let end = bytes.length
  while (end > 0 && bytes.readUInt32LE(end - 4) === 0) end -= 4
  let text = ''
  for (let at = 0; at < end; at += 4) {
    const point = bytes.readUInt32LE(at)
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      refuse('the .npy file has a string that is not Unicode')
    text += String.fromCodePoint(point)
  }
  return textOfString(text)
}
