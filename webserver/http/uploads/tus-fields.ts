import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../domain/errors'
import type { BodyCheck } from './body-digests'

/** The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload) as they are asked with. */
export const tusVersion = '1.0.0'
export const tusExtensions =
  'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation'
export const checksumAlgorithms = ['sha1', 'sha256', 'md5'] as const

/** @throws {AppError} `precondition_failed` for another version of the protocol, or none. */
export function requireTusVersion(headers: IncomingHttpHeaders): void {
  if (headers['tus-resumable'] === tusVersion) return
  throw new AppError('precondition_failed', `Tus-Resumable must be ${tusVersion}`, {
    field: 'Tus-Resumable',
  })
}

/** @throws {AppError} `unsupported` */
export function requirePieceType(headers: IncomingHttpHeaders): void {
  if (headers['content-type'] === 'application/offset+octet-stream') return
  throw new AppError('unsupported', 'Content-Type must be application/offset+octet-stream', {
    field: 'Content-Type',
  })
}

/** @returns null when the header is not there. @throws {AppError} `invalid` unless it is a whole number of bytes. */
export function bytesOf(headers: IncomingHttpHeaders, field: string): number | null {
  const text = headers[field.toLowerCase()]
  if (text === undefined) return null
  const bytes = Number(text)
  if (typeof text === 'string' && /^\d{1,16}$/.test(text) && Number.isSafeInteger(bytes))
    return bytes
  throw invalid(field, 'is not a number of bytes')
}

/** The length that is said, or null where it is put off. @throws {AppError} `invalid` for neither or both. */
export function lengthOf(headers: IncomingHttpHeaders): number | null {
  const lengthBytes = bytesOf(headers, 'Upload-Length')
  const deferral = headers['upload-defer-length']
  if (deferral !== undefined && deferral !== '1') throw invalid('Upload-Defer-Length', 'is not 1')
  if ((lengthBytes === null) !== (deferral === '1'))
    throw invalid('Upload-Length', 'or Upload-Defer-Length is needed, one of them')
  return lengthBytes
}

export type Concatenation = { kind: 'part' } | { kind: 'final'; ids: string[] } | null

const uploadUrl = /^(?:https?:\/\/[^/\s]+)?\/v1\/uploads\/([A-Za-z0-9_-]{1,64})$/

/** @throws {AppError} `invalid`. */
export function concatenationOf(headers: IncomingHttpHeaders): Concatenation {
  const text = headers['upload-concat']
  if (text === undefined) return null
  if (text === 'partial') return { kind: 'part' }
  if (typeof text !== 'string' || !text.startsWith('final;'))
    throw invalid('Upload-Concat', 'is neither "partial" nor "final;" and addresses')
  const ids = text.slice('final;'.length).trim().split(/ +/).map(idOf)
  return { kind: 'final', ids }
}

function idOf(url: string): string {
  const id = uploadUrl.exec(url)?.[1]
  if (id === undefined) throw invalid('Upload-Concat', 'has an address that is no upload here')
  return id
}

const metadataKey = /^[!-+\-.-~]{1,64}$/
const base64 = /^[A-Za-z0-9+/]*={0,2}$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Pairs of a name and a text in base64. @throws {AppError} `invalid`, `too_large`. */
export function metadataOf(headers: IncomingHttpHeaders, bytesMax: number): Map<string, string> {
  const text = headers['upload-metadata']
  const metadata = new Map<string, string>()
  if (typeof text !== 'string' || text.trim() === '') return metadata
  if (text.length > bytesMax)
    throw new AppError('too_large', `Upload-Metadata has at most ${bytesMax} bytes`, {
      field: 'Upload-Metadata',
    })
  for (const pair of text.split(',')) {
    const [key = '', value = '', ...more] = pair.trim().split(' ')
    if (!metadataKey.test(key) || !base64.test(value) || more.length > 0 || metadata.has(key))
      throw invalid('Upload-Metadata', 'is not a list of names, each once, with texts in base64')
    metadata.set(key, textOf(value))
  }
  return metadata
}

/** @returns the form that clients of the protocol read. */
export function metadataText(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([key, text]) => `${key} ${Buffer.from(text).toString('base64')}`)
    .join(',')
}

function textOf(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'base64'))
  } catch {
    throw invalid('Upload-Metadata', 'has a text that is not UTF-8')
  }
}

/** What `Upload-Checksum` says of the body; nothing when it is not there. @throws {AppError} `invalid`. */
export function checksumOf(headers: IncomingHttpHeaders): BodyCheck[] {
  const field = 'Upload-Checksum'
  const text = headers['upload-checksum']
  if (text === undefined) return []
  const [algorithm = '', value = ''] = String(text).trim().split(/ +/)
  const known = checksumAlgorithms.find((one) => one === algorithm)
  if (known === undefined || value === '' || !base64.test(value))
    throw invalid(field, `is not one of ${checksumAlgorithms.join(', ')} and a digest`)
  const why = 'The bytes do not have the checksum that was sent'
  const refusal = () => new AppError('checksum_mismatch', why, { field })
  return [{ hash: createHash(known), value: Buffer.from(value, 'base64'), refusal }]
}

function invalid(field: string, what: string): AppError {
  return new AppError('invalid', `${field} ${what}`, { field })
}
