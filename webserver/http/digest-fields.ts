import type { IncomingHttpHeaders } from 'node:http'
import {
  digestAlgorithms,
  digestLengths,
  type DigestAlgorithm,
  type ExpectedDigest,
} from '../domain/digest'
import { AppError } from '../domain/errors'
import { parseDictionary } from './structured-fields'

const digestFields = ['Content-Digest', 'Repr-Digest'] as const
const fieldLengthMax = 4096

/**
 * What a request says its body will be found to be (RFC 9530). Of a request both fields are about the same bytes: a body
 * with a Content-Encoding is refused, and the representation that a PATCH encloses is the patch (§3.1). Algorithms that
 * we do not know are ignored, as are the weak ones.
 * @throws {AppError} `invalid` for a field that is not well formed; `unsupported` when a digest is announced as a trailer:
 * nginx lets go of those, so that nobody would look at it.
 */
export function expectedDigestsOf(headers: IncomingHttpHeaders): ExpectedDigest[] {
  refuseTrailers(headers.trailer)
  return digestFields.flatMap((field) => digestsIn(field, headers[field.toLowerCase()]))
}

function digestsIn(field: string, header: string | string[] | undefined): ExpectedDigest[] {
  if (header === undefined) return []
  const members = dictionaryIn(field, header)
  return digestAlgorithms.flatMap((algorithm) => {
    const value = members.get(algorithm)
    if (value === undefined) return []
    if (Buffer.isBuffer(value) && value.length === digestLengths[algorithm])
      return [{ field, algorithm, value }]
    throw new AppError(
      'invalid',
      `${algorithm} in ${field} must be ${digestLengths[algorithm]} bytes in base64 between colons`,
      { field },
    )
  })
}

function refuseTrailers(trailer: string | undefined): void {
  const names = trailer?.toLowerCase().split(',') ?? []
  const field = digestFields.find((one) => names.some((name) => name.trim() === one.toLowerCase()))
  if (field === undefined) return
  throw new AppError('unsupported', `Send ${field} as a header, not as a trailer`, {
    field: 'Trailer',
  })
}

/**
 * The algorithm that an answer would best be told with (RFC 9530 §4): of those that we know, the one with the highest
 * preference; null when none is wanted or nothing is said. A field that is not well formed is no wish.
 */
export function wantedAlgorithm(header: string | string[] | undefined): DigestAlgorithm | null {
  const members = header === undefined ? null : parseDictionary(textOf(header))
  const weights = digestAlgorithms.map((algorithm) => ({
    algorithm,
    weight: members?.get(algorithm),
  }))
  const best = weights.reduce<{ algorithm: DigestAlgorithm | null; weight: number }>(
    (found, { algorithm, weight }) =>
      typeof weight === 'number' && weight > found.weight ? { algorithm, weight } : found,
    { algorithm: null, weight: 0 },
  )
  return best.algorithm
}

function dictionaryIn(field: string, header: string | string[]) {
  const text = textOf(header)
  const members = text.length > fieldLengthMax ? null : parseDictionary(text)
  if (members !== null) return members
  throw new AppError('invalid', `${field} is not a dictionary of digests (RFC 9530)`, { field })
}

function textOf(header: string | string[]): string {
  return Array.isArray(header) ? header.join(', ') : header
}
