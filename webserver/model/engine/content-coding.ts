import type { Transform } from 'node:stream'
import { constants, createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { AppError } from '../../domain/errors'
import type { EncodedInfer } from './encode-infer'

/** A content coding that bodies may come and go in (RFC 9110 §8.4.1; deflate is the zlib format). */
export type ContentCoding = 'gzip' | 'deflate'

const codings: ReadonlyMap<string, ContentCoding | null> = new Map([
  ['identity', null],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
] as const)

/** For the header Accept-Encoding of an answer that refuses a coding. */
export const acceptedCodings = 'gzip, deflate, identity'

/**
 * The coding of a body, from Content-Encoding; null is none.
 * @throws {AppError} `unsupported` with Triton's words.
 */
export function codingOf(header: string): ContentCoding | null {
  const coding = codings.get(header.trim().toLowerCase())
  if (coding === undefined) throw new AppError('unsupported', 'Unsupported compression type')
  return coding
}

/** The coding that Accept-Encoding weighs highest, the first of equals; null is none. */
export function preferredCoding(header: string): ContentCoding | null {
  let best: ContentCoding | null = null
  let bestWeight = 0
  for (const entry of header.toLowerCase().split(',')) {
    const [name, ...parameters] = entry.split(';').map((part) => part.trim())
    const coding = codings.get(name!)
    const weight = weightOf(parameters)
    if (coding === undefined || weight <= bestWeight) continue
    best = coding
    bestWeight = weight
  }
  return best
}

const qualityValue = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/

function weightOf(parameters: readonly string[]): number {
  if (parameters.length === 0) return 1
  return Number(qualityValue.exec(parameters[0]!)?.[1] ?? 0)
}

const chunkSize = 64 * 1024

/** Turns a body into what it was before it was encoded, off the event loop. */
export function createDecoder(coding: ContentCoding): Transform {
  return coding === 'gzip' ? createGunzip({ chunkSize }) : createInflate({ chunkSize })
}

export function corruptBody(coding: ContentCoding, cause: Error): AppError {
  return new AppError('invalid', `the request body is not valid ${coding}: ${cause.message}`, {
    cause,
  })
}

// Below this an encoded answer saves no packet.
const encodedBytesMin = 1024
// Tensors hardly shrink further at higher levels, which take several times as long.
const level = constants.Z_BEST_SPEED

/** Encodes an answer, off the event loop; one that does not shrink is left as it is. */
export function compressAnswer(
  answer: EncodedInfer,
  coding: ContentCoding,
  done: (answer: EncodedInfer) => void,
): void {
  if (answer.sizeBytes < encodedBytesMin) {
    done(answer)
    return
  }
  const encoder =
    coding === 'gzip' ? createGzip({ chunkSize, level }) : createDeflate({ chunkSize, level })
  const chunks: Buffer[] = []
  let sizeBytes = 0
  encoder.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    sizeBytes += chunk.length
  })
  encoder.on('end', () =>
    done(sizeBytes < answer.sizeBytes ? { ...answer, chunks, sizeBytes, coding } : answer),
  )
  for (const chunk of answer.chunks) encoder.write(chunk)
  encoder.end()
}
