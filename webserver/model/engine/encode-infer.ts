import { isUtf8 } from 'node:buffer'
import {
  type AnswerTensor,
  answerTensor,
  type Element,
  isNumeric,
  type RunValues,
  viewOf,
} from './answer-tensor'
import type { ContentCoding } from './content-coding'
import type { InferPlan } from './infer-plan'
import type { RegionSlice } from './region-slice'
import { refuse } from './request-fields'
import type { ServedModel } from './served-model'
import type { SharedMemory } from './shared-memory'

export interface EncodedInfer {
  contentType: string
  /** In the order in which they go out. */
  chunks: readonly Buffer[]
  sizeBytes: number
  /** Length of the leading JSON when binary tensors follow it, else 0. Before it was encoded, if it was. */
  headerBytes: number
  coding: ContentCoding | null
}

// Below this, copying into one piece costs less than handing several to the socket.
const joinBytesMax = 64 * 1024

/**
 * Writes the answer to an infer request (Open Inference Protocol v2): JSON first, then the binary outputs.
 * @throws {AppError} `invalid` for bytes that JSON cannot express, and for too many classes.
 */
export function encodeInfer(
  { id, outputs }: InferPlan,
  model: ServedModel,
  { values, memory }: { values: RunValues; memory: SharedMemory | null },
): EncodedInfer {
  const blobs: Buffer[] = []
  const parts = outputs.map((output) => {
    const tensor = answerTensor(output, model, values)
    const { name, datatype, dims } = tensor
    const head = `{"name":${JSON.stringify(name)},"datatype":"${datatype.name}","shape":[${dims.join(',')}]`
    if (output.region !== null)
      return `${head},"parameters":${writtenTo(output.region, tensor, memory)}}`
    if (!output.binary) return `${head},"data":${jsonOf(tensor)}}`
    const blob = bytesOf(tensor.values)
    blobs.push(blob)
    return `${head},"parameters":{"binary_data_size":${blob.length}}}`
  })
  const idPart = id === null ? '' : `"id":${JSON.stringify(id)},`
  const json =
    `{${idPart}"model_name":"${model.name}","model_version":"${model.version}",` +
    `"outputs":[${parts.join(',')}]}`
  return assemble(json, blobs)
}

/** @returns the parameters that tell how much was written where. */
function writtenTo(
  slice: RegionSlice,
  { name, values }: AnswerTensor,
  memory: SharedMemory | null,
): string {
  const bytes = bytesOf(values)
  memory!.write(slice, bytes, name)
  return JSON.stringify({
    shared_memory_region: slice.region,
    shared_memory_offset: slice.offsetBytes,
    shared_memory_byte_size: bytes.length,
  })
}

function assemble(json: string, blobs: readonly Buffer[]): EncodedInfer {
  const blobBytes = blobs.reduce((sum, blob) => sum + blob.length, 0)
  if (blobBytes === 0) {
    const body = Buffer.from(json)
    const sizeBytes = body.length
    return {
      contentType: 'application/json',
      chunks: [body],
      sizeBytes,
      headerBytes: 0,
      coding: null,
    }
  }
  const contentType = 'application/octet-stream'
  const headerBytes = Buffer.byteLength(json)
  const sizeBytes = headerBytes + blobBytes
  const chunks =
    sizeBytes > joinBytesMax ? [Buffer.from(json), ...blobs] : [joined(json, blobs, sizeBytes)]
  return { contentType, chunks, sizeBytes, headerBytes, coding: null }
}

function joined(json: string, blobs: readonly Buffer[], sizeBytes: number): Buffer {
  const whole = Buffer.allocUnsafe(sizeBytes)
  let at = whole.write(json, 0)
  for (const blob of blobs) {
    whole.set(blob, at)
    at += blob.length
  }
  return whole
}

/** NaN and the infinities come out as bare tokens, which is what this protocol's clients write and read. */
function jsonOf({ name, datatype, values }: AnswerTensor): string {
  if (!isNumeric(values)) return JSON.stringify(values.map((element) => textOf(element, name)))
  if (datatype.json === 'boolean')
    return `[${Array.from(values as Uint8Array, (value) => value !== 0).join(',')}]`
  const hasNegativeZero = datatype.json === 'float' && values.some((value) => Object.is(value, -0))
  return hasNegativeZero ? `[${Array.from(values, signedText).join(',')}]` : `[${values.join(',')}]`
}

/** With a fraction, because a whole −0 loses its sign in clients that read whole numbers as integers. */
function signedText(value: number | bigint): string {
  return Object.is(value, -0) ? '-0.0' : String(value)
}

function textOf(element: Element, name: string): string {
  if (typeof element === 'string') return element
  if (isUtf8(element)) return element.toString('utf8')
  refuse(
    `output '${name}' has a BYTES element that is not UTF-8, which JSON cannot express. ` +
      `Please use binary_data=True`,
  )
}

function bytesOf(values: AnswerTensor['values']): Buffer {
  return isNumeric(values) ? viewOf(values) : stringBytes(values)
}

function stringBytes(elements: readonly Element[]): Buffer {
  const sizeBytes = elements.reduce((sum, element) => sum + 4 + Buffer.byteLength(element), 0)
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let at = 0
  for (const element of elements) {
    const written =
      typeof element === 'string' ? bytes.write(element, at + 4) : element.copy(bytes, at + 4)
    bytes.writeUInt32LE(written, at)
    at += 4 + written
  }
  return bytes
}
