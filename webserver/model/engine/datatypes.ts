import type { Tensor } from 'onnxruntime-node'

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** The values of one tensor, row-major; strings for BYTES. */
export type Values = NumericArray | string[]

type ArrayMaker = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => NumericArray

/** How one element type of ONNX Runtime goes over the wire (Open Inference Protocol v2, tensor data types). */
export interface Datatype {
  name: string
  ortType: Tensor.Type
  /** Of one element; 0 for BYTES, whose elements carry their length. */
  sizeBytes: number
  /** How a JSON value becomes an element; `none` has no JSON form. */
  json: 'float' | 'integer' | 'bigint' | 'boolean' | 'string' | 'none'
  min: number
  max: number
  Values: ArrayMaker
}

function integer(name: string, ortType: Tensor.Type, Values: ArrayMaker, [min, max]: number[]) {
  const sizeBytes = Math.log2(max! - min! + 1) / 8
  return { name, ortType, sizeBytes, json: 'integer', min: min!, max: max!, Values } as const
}

function other(name: string, ortType: Tensor.Type, json: Datatype['json'], size: number) {
  return { name, ortType, json, sizeBytes: size, min: -Infinity, max: Infinity }
}

/** Texts, and bytes that are none; elements carry their length. */
export const bytesDatatype: Datatype = {
  ...other('BYTES', 'string', 'string', 0),
  Values: Uint8Array,
}

const datatypes: readonly Datatype[] = [
  { ...other('BOOL', 'bool', 'boolean', 1), Values: Uint8Array },
  integer('INT8', 'int8', Int8Array, [-128, 127]),
  integer('INT16', 'int16', Int16Array, [-32768, 32767]),
  integer('INT32', 'int32', Int32Array, [-2147483648, 2147483647]),
  { ...other('INT64', 'int64', 'bigint', 8), min: -(2 ** 63), Values: BigInt64Array },
  integer('UINT8', 'uint8', Uint8Array, [0, 255]),
  integer('UINT16', 'uint16', Uint16Array, [0, 65535]),
  integer('UINT32', 'uint32', Uint32Array, [0, 4294967295]),
  { ...other('UINT64', 'uint64', 'bigint', 8), min: 0, Values: BigUint64Array },
  { ...other('FP16', 'float16', 'none', 2), Values: Uint16Array },
  { ...other('FP32', 'float32', 'float', 4), Values: Float32Array },
  { ...other('FP64', 'float64', 'float', 8), Values: Float64Array },
  bytesDatatype,
]

const byOrtType = new Map(datatypes.map((datatype) => [datatype.ortType, datatype]))

/** @throws {Error} for an element type that the protocol has no name for. */
export function datatypeOf(ortType: string): Datatype {
  const datatype = byOrtType.get(ortType as Tensor.Type)
  if (datatype === undefined) throw new Error(`element type ${ortType} is not served`)
  return datatype
}
