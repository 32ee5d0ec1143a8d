import type { ElementType } from '../../../perf/bench/onnx-model'
import { bytesOf, stringBytes } from './infer'

export interface DatatypeCase {
  type: ElementType
  datatype: string
  json: string[] | null
  bytes: Buffer
}

/** The extremes of each type, as JSON tokens and as bytes. */
export const datatypeCases: DatatypeCase[] = [
  { type: 'bool', datatype: 'BOOL', json: ['true', 'false'], bytes: Buffer.from([1, 0]) },
  {
    type: 'int8',
    datatype: 'INT8',
    json: ['-128', '127'],
    bytes: bytesOf(Int8Array.of(-128, 127)),
  },
  {
    type: 'int16',
    datatype: 'INT16',
    json: ['-32768', '32767'],
    bytes: bytesOf(Int16Array.of(-32768, 32767)),
  },
  {
    type: 'int32',
    datatype: 'INT32',
    json: ['-2147483648', '2147483647'],
    bytes: bytesOf(Int32Array.of(-2147483648, 2147483647)),
  },
  {
    type: 'int64',
    datatype: 'INT64',
    json: ['-9223372036854775808', '9223372036854775807'],
    bytes: bytesOf(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)),
  },
  { type: 'uint8', datatype: 'UINT8', json: ['0', '255'], bytes: bytesOf(Uint8Array.of(0, 255)) },
  {
    type: 'uint16',
    datatype: 'UINT16',
    json: ['0', '65535'],
    bytes: bytesOf(Uint16Array.of(0, 65535)),
  },
  {
    type: 'uint32',
    datatype: 'UINT32',
    json: ['0', '4294967295'],
    bytes: bytesOf(Uint32Array.of(0, 4294967295)),
  },
  {
    type: 'uint64',
    datatype: 'UINT64',
    json: ['9007199254740993', '18446744073709551615'],
    bytes: bytesOf(BigUint64Array.of(9007199254740993n, 2n ** 64n - 1n)),
  },
  { type: 'float16', datatype: 'FP16', json: null, bytes: bytesOf(Uint16Array.of(0x3c00, 0xc000)) },
  {
    type: 'float32',
    datatype: 'FP32',
    json: ['0.5', '-3.5'],
    bytes: bytesOf(Float32Array.of(0.5, -3.5)),
  },
  {
    type: 'float64',
    datatype: 'FP64',
    json: ['0.1', '-1.7976931348623157e+308'],
    bytes: bytesOf(Float64Array.of(0.1, -1.7976931348623157e308)),
  },
  {
    type: 'string',
    datatype: 'BYTES',
    json: ['"ab"', '"żółw 🐢"'],
    bytes: stringBytes('ab', 'żółw 🐢'),
  },
]
