import type { Tensor } from '../../webserver/demo/tensors'

const dtypes = { Float32Array: '<f4', Int32Array: '<i4', BigInt64Array: '<i8' } as const

/** A tensor as a .npy file, version 1.0 (numpy.lib.format): magic, a header that ends on a multiple of 64, the values. */
export function encodeNpy({ shape, data }: Tensor): Buffer {
  const dtype = dtypes[data.constructor.name as keyof typeof dtypes]
  const sizes = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${sizes}, }`
  const prefixBytes = 10
  const headerBytes = Math.ceil((prefixBytes + header.length + 1) / 64) * 64 - prefixBytes
  const prefix = Buffer.from('\x93NUMPY\x01\x00..', 'latin1')
  prefix.writeUInt16LE(headerBytes, 8)
  return Buffer.concat([
    prefix,
    Buffer.from(`${header.padEnd(headerBytes - 1)}\n`, 'latin1'),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ])
}
