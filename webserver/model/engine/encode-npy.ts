import { type AnswerTensor, type Element, isNumeric, viewOf } from './answer-tensor'
import type { EncodedInfer } from './encode-infer'
import { limits } from './limits'
import { descrs, npyHeader } from './npy-format'
import { refuse } from './request-fields'

/**
 * An answer as a `.npy` file; BYTES become `|S` of the longest element.
 * @throws {AppError} `invalid` for BYTES that this form would change or make too large.
 */
export function encodeNpy({ name, datatype, dims, values }: AnswerTensor): EncodedInfer {
  const { descr, bytes } = isNumeric(values)
    ? { descr: descrs[datatype.name]!, bytes: viewOf(values) }
    : padded(values, name)
  const header = npyHeader(descr, dims)
  return {
    contentType: 'application/x-npy',
    chunks: [header, bytes],
    sizeBytes: header.length + bytes.length,
    headerBytes: 0,
    coding: null,
  }
}

/** Readers of this form take every NUL at the end of an element for filling. */
function padded(elements: readonly Element[], name: string): { descr: string; bytes: Buffer } {
  const width = elements.reduce((most, one) => Math.max(most, Buffer.byteLength(one)), 1)
  if (width * elements.length > limits.npyTextBytes)
    refuse(`output '${name}' is too large for a .npy file, whose strings are all of one length`)
  const bytes = Buffer.alloc(width * elements.length)
  for (const [index, element] of elements.entries()) {
    const at = index * width
    const end =
      at + (typeof element === 'string' ? bytes.write(element, at) : element.copy(bytes, at))
    if (end > at && bytes[end - 1] === 0)
      refuse(`output '${name}' has a BYTES element that ends in NUL, which a .npy file cannot keep`)
  }
  return { descr: `|S${width}`, bytes }
}
