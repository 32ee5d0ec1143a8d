/** Writers of protobuf fields (encoding.md of Protocol Buffers): each returns the bytes of one field. */

export function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 128)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}

export function numberField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(BigInt(field << 3)), varint(BigInt(value))])
}

export function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(bytes.byteLength)), bytes])
}

export function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text))
}

export function messageField(field: number, ...parts: readonly Uint8Array[]): Buffer {
  return bytesField(field, Buffer.concat(parts))
}
