import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../domain/errors'
import type { PatchPart, PatchPlace } from '../../domain/patch'
import { boundaryOf } from '../multipart/boundary'
import { declaredBytesOf } from '../uploads/exchange'
import { messageParts, multipartParts } from './byte-ranges'

export const patchTypes = [
  'application/octet-stream',
  'application/x-sabredav-partialupdate',
  'message/byterange',
  'multipart/byteranges',
] as const

/** What `Accept-Patch` (RFC 5789 §3.1) says. */
export const acceptPatch = patchTypes.join(', ')

/** A patch's parts in order, out of the body that is asked for when the first of them is. */
export type PatchReader = (body: AsyncIterable<Buffer>) => AsyncIterable<PatchPart>

/**
 * How to read a patch, which its type says: bytes for the end (`application/octet-stream`), a range in a header (sabre/dav's
 * type), or ranges in the body itself.
 * @throws {AppError} `unsupported` for another type; `invalid` for headers that contradict it.
 */
export function patchReaderOf(headers: IncomingHttpHeaders, partsMax: number): PatchReader {
  const type = typeOf(headers)
  refuseStray(headers, type)
  if (type === 'message/byterange') return messageParts
  if (type === 'multipart/byteranges') {
    const boundary = boundaryOf(headers['content-type']!)
    return (body) => multipartParts(body, { boundary, partsMax })
  }
  if (type === 'application/octet-stream') return raw(appendPlaceOf(headers), headers)
  if (type === 'application/x-sabredav-partialupdate') {
    const range = updateRangeOf(headers['x-update-range'])
    return raw(range.place, headers, range.lengthBytes)
  }
  throw new AppError('unsupported', `A patch is one of ${acceptPatch}`, { field: 'Content-Type' })
}

/** Bytes for the end and nothing else: where that is believed to be, and how many they are; null where not said. */
export interface AppendFields {
  offsetBytes: number | null
  lengthBytes: number | null
}

/** @returns null for any other patch. @throws {AppError} `invalid`. */
export function appendOf(headers: IncomingHttpHeaders): AppendFields | null {
  const lengthBytes = declaredBytesOf(headers)
  const type = typeOf(headers)
  if (type === 'application/octet-stream') {
    const { offsetBytes } = appendPlaceOf(headers)
    return { offsetBytes, lengthBytes }
  }
  const isAppend =
    type === 'application/x-sabredav-partialupdate' &&
    updateRangeOf(headers['x-update-range']).place.kind === 'append'
  return isAppend ? { offsetBytes: null, lengthBytes } : null
}

function typeOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** A header that belongs to another type tells that the sender means something else. */
function refuseStray(headers: IncomingHttpHeaders, type: string): void {
  const at = (name: string, owner: string, hint: string) => {
    if (headers[name.toLowerCase()] === undefined || type === owner) return
    throw new AppError('invalid', `${name} ${hint}`, { field: name })
  }
  at('Content-Range', '', 'goes into the body of a message/byterange, before the bytes')
  at('X-Update-Range', 'application/x-sabredav-partialupdate', `is not for ${type}`)
  at('Upload-Offset', 'application/octet-stream', `is not for ${type}`)
}

function raw(
  place: PatchPlace,
  headers: IncomingHttpHeaders,
  rangeBytes: number | null = null,
): PatchReader {
  const statedBytes = declaredBytesOf(headers)
  if (rangeBytes !== null && statedBytes !== null && rangeBytes !== statedBytes)
    throw new AppError('invalid', 'The body is not as long as X-Update-Range says', {
      field: 'X-Update-Range',
    })
  const lengthBytes = rangeBytes ?? statedBytes
  return (bytes) => one({ place, lengthBytes, completeBytes: null, bytes })
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* one(part: PatchPart): AsyncGenerator<PatchPart> {
  yield part
}

function appendPlaceOf(headers: IncomingHttpHeaders): Extract<PatchPlace, { kind: 'append' }> {
  const text = headers['upload-offset']
  if (text === undefined) return { kind: 'append', offsetBytes: null }
  const offsetBytes = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : null
  if (offsetBytes !== null) return { kind: 'append', offsetBytes }
  throw new AppError('invalid', 'Upload-Offset must be a number of bytes', {
    field: 'Upload-Offset',
  })
}

/** `append`, `bytes=3-6`, `bytes=3-` or `bytes=-4`, the last four (sabre.io/dav/http-patch). */
function updateRangeOf(header: string | string[] | undefined): {
  place: PatchPlace
  lengthBytes: number | null
} {
  const text = typeof header === 'string' ? header.trim() : ''
  if (text === 'append') return { place: { kind: 'append', offsetBytes: null }, lengthBytes: null }
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) throw noRange()
  if (first === '') return { place: { kind: 'last', lengthBytes: Number(last) }, lengthBytes: null }
  const place = { kind: 'at', startByte: Number(first) } as const
  if (last === '') return { place, lengthBytes: null }
  if (Number(last) < Number(first)) throw noRange()
  return { place, lengthBytes: Number(last) - Number(first) + 1 }
}

function noRange(): AppError {
  return new AppError('invalid', 'X-Update-Range must be "append" or "bytes=first-last"', {
    field: 'X-Update-Range',
  })
}
