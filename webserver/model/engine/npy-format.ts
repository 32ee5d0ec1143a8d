import { refuse, shown } from './request-fields'

/** An array as a `.npy` file states it, its values little-endian and row by row. */
export interface NpyArray {
  /** The element type, as NumPy's `dtype.str`: `<f4`, `|S12`. */
  descr: string
  shape: readonly number[]
  data: Buffer
}

/** NumPy's names of the element types but BYTES, which have a length. */
export const descrs: Readonly<Record<string, string>> = {
  BOOL: '|b1',
  INT8: '|i1',
  INT16: '<i2',
  INT32: '<i4',
  INT64: '<i8',
  UINT8: '|u1',
  UINT16: '<u2',
  UINT32: '<u4',
  UINT64: '<u8',
  FP16: '<f2',
  FP32: '<f4',
  FP64: '<f8',
}

const magic = Buffer.from('\x93NUMPY', 'latin1')
const headerBytesMax = 64 * 1024
const alignmentBytes = 64

/**
 * Reads a `.npy` file (NumPy enhancement proposal 1; versions 1.0, 2.0 and 3.0).
 * @throws {AppError} `invalid` for what is none, and for arrays that are not plain values in C order.
 */
export function parseNpy(file: Buffer): NpyArray {
  if (!file.subarray(0, magic.length).equals(magic)) refuse('the body is not a .npy file')
  const version = file[magic.length]
  if (version !== 1 && version !== 2 && version !== 3)
    refuse(`.npy version ${version ?? 'none'} is not known; 1, 2 and 3 are`)
  const start = version === 1 ? 10 : 12
  if (file.length < start) refuse('the .npy header is cut short')
  const length = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8)
  if (length > headerBytesMax) refuse(`the .npy header is longer than ${headerBytesMax} bytes`)
  if (start + length > file.length) refuse('the .npy header is cut short')
  const header = file.toString('utf8', start, start + length)
  return { ...parseHeader(header), data: file.subarray(start + length) }
}

// A Python dictionary of three fixed keys, as NumPy's writers print it.
const descrField = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[))/
const orderField = /['"]fortran_order['"]\s*:\s*(True|False)/
const shapeField = /['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)/

function parseHeader(header: string): Pick<NpyArray, 'descr' | 'shape'> {
  const descr = descrField.exec(header)
  const order = orderField.exec(header)
  const shape = shapeField.exec(header)
  if (descr === null || order === null || shape === null)
    refuse(`the .npy header is not understood: ${shown(header.trim())}`)
  if (descr[3] !== undefined) refuse('a .npy file of records is not served; send one plain array')
  if (order[1] === 'True')
    refuse('the .npy file is in Fortran order; save it with numpy.ascontiguousarray')
  return { descr: requireServed(descr[1] ?? descr[2]!), shape: dimensions(shape[1]!) }
}

function requireServed(descr: string): string {
  if (descr.startsWith('>'))
    refuse(`the .npy file is big-endian ('${shown(descr)}'); save it with array.astype('<…')`)
  if (descr.includes('O')) refuse('a .npy file of Python objects is not served')
  return descr
}

function dimensions(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '').map((part) => Number(part.replace(/L$/, '')))
}

/** What stands before the values in a `.npy` file of version 1.0. */
export function npyHeader(descr: string, shape: readonly number[]): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`
  const start = magic.length + 4
  const pad = alignmentBytes - ((start + text.length + 1) % alignmentBytes)
  const line = `${text}${' '.repeat(pad % alignmentBytes)}\n`
  const lead = Buffer.from([1, 0, line.length & 0xff, line.length >> 8])
  return Buffer.concat([magic, lead, Buffer.from(line, 'latin1')])
}
