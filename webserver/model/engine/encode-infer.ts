import { classify } from './classification'
import type { ContentCoding } from './content-coding'
import type { Datatype, NumericArray, Values } from './datatypes'
import type { InferPlan } from './infer-plan'
import type { OutputPlan } from './plan-outputs'
import type { ServedModel } from './served-model'

/** One output of a run, as much of it as belongs to the request. */
export interface OutputValues {
  dims: readonly number[]
  values: Values
}

export interface EncodedInfer {
  /** In the order in which they go out. */
  chunks: readonly Buffer[]
  sizeBytes: number
  /** Length of the leading JSON when binary tensors follow it, else 0. Before it was encoded, if it was. */
  headerBytes: number
  coding: ContentCoding | null
}

// Below this, copying into one piece costs less than handing several to the socket.
const joinBytesMax = 64 * 1024

/** Writes the answer to an infer request (Open Inference Protocol v2): JSON first, then the binary outputs. */
export function encodeInfer(
  { id, outputs }: InferPlan,
  model: ServedModel,
  results: readonly OutputValues[],
): EncodedInfer {
  const blobs: Buffer[] = []
  const parts = outputs.map((output) => {
    const { spec, binary, classes } = output
    const { dims, values } =
      classes === 0 ? results[spec.index]! : classesOf(output, model, results)
    const datatype = classes === 0 ? spec.datatype.name : 'BYTES'
    const head = `{"name":${JSON.stringify(spec.name)},"datatype":"${datatype}","shape":[${dims.join(',')}]`
    if (!binary) return `${head},"data":${jsonOf(spec.datatype, values)}}`
    const blob = bytesOf(values)
    blobs.push(blob)
    return `${head},"parameters":{"binary_data_size":${blob.length}}}`
  })
  const idPart = id === null ? '' : `"id":${JSON.stringify(id)},`
  const json =
    `{${idPart}"model_name":"${model.name}","model_version":"${model.version}",` +
    `"outputs":[${parts.join(',')}]}`
  return assemble(json, blobs)
}

function classesOf(
  { spec: { index }, classes }: OutputPlan,
  { joinable: batched, labels }: ServedModel,
  results: readonly OutputValues[],
): OutputValues {
  return classify(results[index]!, { classes, batched, labels: labels[index]! })
}

function assemble(json: string, blobs: readonly Buffer[]): EncodedInfer {
  const blobBytes = blobs.reduce((sum, blob) => sum + blob.length, 0)
  if (blobBytes === 0) {
    const body = Buffer.from(json)
    return { chunks: [body], sizeBytes: body.length, headerBytes: 0, coding: null }
  }
  const headerBytes = Buffer.byteLength(json)
  const sizeBytes = headerBytes + blobBytes
  if (sizeBytes > joinBytesMax)
    return { chunks: [Buffer.from(json), ...blobs], sizeBytes, headerBytes, coding: null }
  const whole = Buffer.allocUnsafe(sizeBytes)
  let at = whole.write(json, 0)
  for (const blob of blobs) {
    whole.set(blob, at)
    at += blob.length
  }
  return { chunks: [whole], sizeBytes, headerBytes, coding: null }
}

/** NaN and the infinities come out as bare tokens, which is what this protocol's clients write and read. */
function jsonOf({ json }: Datatype, values: Values): string {
  if (Array.isArray(values)) return JSON.stringify(values)
  if (json === 'boolean')
    return `[${Array.from(values as Uint8Array, (value) => value !== 0).join(',')}]`
  return `[${values.join(',')}]`
}

function bytesOf(values: Values): Buffer {
  if (Array.isArray(values)) return stringBytes(values)
  const { buffer, byteOffset, byteLength }: NumericArray = values
  return Buffer.from(buffer, byteOffset, byteLength)
}

function stringBytes(strings: readonly string[]): Buffer {
  const sizeBytes = strings.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0)
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let at = 0
  for (const text of strings) {
    const written = bytes.write(text, at + 4)
    bytes.writeUInt32LE(written, at)
    at += 4 + written
  }
  return bytes
}
