import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'

/** Inclusive byte positions. */
export interface ByteRange {
  startByte: number
  endByte: number
}

const oneRange = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * The part that a GET asks for (RFC 9110 §14.2). Null means the whole: no Range, another unit, several ranges, one that
 * is not well formed, or an If-Range that is not exactly our strong entity tag. A date is never strong enough.
 * @throws {AppError} `range_not_satisfiable` when the part lies behind the end.
 */
export function rangeOf(headers: IncomingHttpHeaders, file: StoredFile): ByteRange | null {
  const { range } = headers
  const ifRange = headers['if-range']
  if (range === undefined) return null
  if (ifRange !== undefined && ifRange !== file.etag) return null
  const [, first = '', last = ''] = oneRange.exec(range) ?? []
  if (first === '' && last === '') return null
  return first === ''
    ? suffixOf(Number(last), file.sizeBytes)
    : sliceOf(Number(first), last === '' ? Infinity : Number(last), file.sizeBytes)
}

function suffixOf(lengthBytes: number, sizeBytes: number): ByteRange {
  if (lengthBytes === 0 || sizeBytes === 0) throw notSatisfiable(sizeBytes)
  return { startByte: Math.max(0, sizeBytes - lengthBytes), endByte: sizeBytes - 1 }
}

function sliceOf(startByte: number, endByte: number, sizeBytes: number): ByteRange | null {
  if (endByte < startByte) return null
  if (startByte >= sizeBytes) throw notSatisfiable(sizeBytes)
  return { startByte, endByte: Math.min(endByte, sizeBytes - 1) }
}

function notSatisfiable(sizeBytes: number): AppError {
  return new AppError('range_not_satisfiable', `The file has ${sizeBytes} bytes`, {
    field: 'Range',
  })
}
