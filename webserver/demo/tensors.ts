import type { Reply } from './client'

/** A tensor of the Open Inference Protocol v2, in the data types that the sample and benchmark models use. */
export interface Tensor {
  name: string
  shape: readonly number[]
  data: Float32Array | Int32Array | BigInt64Array
}

interface TensorHeader {
  name: string
  shape: number[]
  datatype: string
  parameters?: { binary_data_size?: number }
}

/**
 * Puts the JSON header and the raw little-endian tensors behind one another (binary tensor data extension).
 * @param parameters of the whole request, such as `timeout`.
 */
export function encodeInferRequest(
  inputs: readonly Tensor[],
  parameters: Readonly<Record<string, number>> = {},
): { body: Buffer; headerBytes: number } {
  const header = Buffer.from(
    JSON.stringify({
      inputs: inputs.map(({ name, shape, data }) => ({
        name,
        shape,
        datatype: datatypeOf(data),
        parameters: { binary_data_size: data.byteLength },
      })),
      parameters: { binary_data_output: true, ...parameters },
    }),
  )
  const blobs = inputs.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  return { body: Buffer.concat([header, ...blobs]), headerBytes: header.length }
}

function datatypeOf(data: Tensor['data']): string {
  if (data instanceof Float32Array) return 'FP32'
  return data instanceof Int32Array ? 'INT32' : 'INT64'
}

/** @throws {Error} when an output is not binary FP32, which is all that the sample models answer. */
export function decodeInferResponse({ headers, body }: Reply): Tensor[] {
  const headerBytes = Number(headers.get('inference-header-content-length') ?? body.length)
  const { outputs } = JSON.parse(body.subarray(0, headerBytes).toString()) as {
    outputs: TensorHeader[]
  }
  let offsetBytes = headerBytes
  return outputs.map(({ name, shape, datatype, parameters }) => {
    const sizeBytes = parameters?.binary_data_size
    if (datatype !== 'FP32' || sizeBytes === undefined)
      throw new Error(`output ${name} is not a binary FP32 tensor`)
    const bytes = Uint8Array.from(body.subarray(offsetBytes, offsetBytes + sizeBytes))
    offsetBytes += sizeBytes
    return { name, shape, data: new Float32Array(bytes.buffer) }
  })
}

/** @throws {Error} when the model did not answer that output as floats. */
export function requireFloats(
  outputs: readonly Tensor[],
  name: string,
): { shape: readonly number[]; data: Float32Array } {
  const output = outputs.find((candidate) => candidate.name === name)
  if (output?.data instanceof Float32Array) return { shape: output.shape, data: output.data }
  throw new Error(`the model answered no output ${name}`)
}
