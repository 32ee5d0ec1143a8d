import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../domain/errors'
import type { Sendable } from '../../services/open-content'

/** Inclusive byte positions. */
export interface ByteRange {
  startByte: number
  endByte: number
}

const byteRanges = /^bytes=(.*)$/i
const oneRange = /^(\d*)-(\d*)$/

/**
 * The parts that a GET asks for (RFC 9110 §14.2), in the order asked. Null means the whole: no Range, another unit, one
 * that is not well formed, an If-Range that is not exactly our strong entity tag (a date is never strong enough), more than
 * `rangesMax` ranges, or ranges that overlap so much that together they are longer than the file.
 * @throws {AppError} `range_not_satisfiable` when all parts lie behind the end.
 */
export function rangesOf(
  headers: IncomingHttpHeaders,
  file: Sendable,
  rangesMax: number,
): readonly ByteRange[] | null {
  const { range } = headers
  const ifRange = headers['if-range']
  if (range === undefined) return null
  if (ifRange !== undefined && ifRange !== file.etag) return null
  const asked = askedIn(range, file.sizeBytes, rangesMax)
  if (asked === null) return null
  const ranges = asked.filter((one) => one !== 'behind the end')
  if (ranges.length === 0) throw notSatisfiable(file.sizeBytes)
  return lengthOf(ranges) > file.sizeBytes ? null : ranges
}

export function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { startByte, endByte }) => sum + endByte - startByte + 1, 0)
}

function askedIn(
  header: string,
  sizeBytes: number,
  rangesMax: number,
): (ByteRange | 'behind the end')[] | null {
  const list = byteRanges.exec(header)?.[1]
  if (list === undefined) return null
  // RFC 9110 §5.6.1: an element of a list may be empty. One too many is enough to know that there are too many.
  const elements = list.split(',', 2 * rangesMax + 1).map((element) => element.trim())
  const specs = elements.filter((element) => element !== '')
  if (specs.length === 0 || specs.length > rangesMax) return null
  if (elements.length > 2 * rangesMax) return null
  const asked = specs.map((spec) => rangeIn(spec, sizeBytes))
  return asked.every((one) => one !== null) ? asked : null
}

function rangeIn(spec: string, sizeBytes: number): ByteRange | 'behind the end' | null {
  const [, first = '', last = ''] = oneRange.exec(spec) ?? []
  if (first === '' && last === '') return null
  return first === ''
    ? suffixOf(Number(last), sizeBytes)
    : sliceOf(Number(first), last === '' ? Infinity : Number(last), sizeBytes)
}

function suffixOf(lengthBytes: number, sizeBytes: number): ByteRange | 'behind the end' {
  if (lengthBytes === 0 || sizeBytes === 0) return 'behind the end'
  return { startByte: Math.max(0, sizeBytes - lengthBytes), endByte: sizeBytes - 1 }
}

function sliceOf(
  startByte: number,
  endByte: number,
  sizeBytes: number,
): ByteRange | 'behind the end' | null {
  if (endByte < startByte) return null
  if (startByte >= sizeBytes) return 'behind the end'
  return { startByte, endByte: Math.min(endByte, sizeBytes - 1) }
}

function notSatisfiable(sizeBytes: number): AppError {
  return new AppError('range_not_satisfiable', `The file has ${sizeBytes} bytes`, {
    field: 'Range',
  })
}
