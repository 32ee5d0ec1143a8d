import { AppError } from './errors'
import type { FileCondition, FileKey, StoredFile } from './file'
import type { Right } from './rights'

export interface FileInfo {
  file: StoredFile
  /** How many earlier versions are kept. */
  earlierVersions: number
  /** What the viewer may do with it. */
  right: Right
}

/** Of the files below a folder, as far as they were looked at. */
export interface FolderSum {
  files: number
  sizeBytes: number
  newestMs: number | null
  /** Where to go on; null when that was all. */
  last: string | null
}

export interface FolderSumQuery {
  owner: string
  /** `''` is everything of the owner's. */
  folder: string
  after: string | null
  limit: number
}

export interface MetadataLimits {
  metadataEntriesMax: number
  metadataNameBytesMax: number
  metadataValueBytesMax: number
  /** Of all names and values of a file together. */
  metadataBytesMax: number
}

export interface MetadataChange {
  key: FileKey
  /** Null leaves it. */
  contentType: string | null
  /** RFC 7396: null removes an entry. */
  metadata: Readonly<Record<string, string | null>>
  /** Held against `infoEtagOf` the file. */
  condition: FileCondition
  limits: MetadataLimits
}

/** Strong entity tag of what is known of a file: another one after every commit and every change of its metadata. */
export function infoEtagOf({ id, version, metaVersion }: StoredFile): string {
  return `"${id}.${version}.${metaVersion}"`
}

/** What a change makes of a file. @throws {AppError} `precondition_failed`, `invalid`, `too_large`. */
export function withMetadata(file: StoredFile, change: MetadataChange): StoredFile {
  const merged = { ...file.metadata, ...change.metadata }
  const entries = Object.entries(merged).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  requireBounded(entries, change.limits)
  return {
    ...file,
    contentType: change.contentType ?? file.contentType,
    metadata: Object.fromEntries(entries),
    metaVersion: file.metaVersion + 1,
  }
}

// It begins with a letter, so that no name of JavaScript's own (`__proto__`) is one.
const metadataName = /^[A-Za-z][A-Za-z0-9._-]*$/
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f]/

/** @throws {AppError} `invalid` with the field `metadata.<name>`. */
export function requireMetadata(
  metadata: MetadataChange['metadata'],
  { metadataNameBytesMax, metadataValueBytesMax }: MetadataLimits,
): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (!metadataName.test(name) || name.length > metadataNameBytesMax)
      refuse(
        name,
        `must have a name of at most ${metadataNameBytesMax} letters, digits, ".", "_" and "-", beginning with a letter`,
      )
    if (value === null) continue
    if (!value.isWellFormed() || forbidden.test(value))
      refuse(name, 'must not contain control characters or lone surrogates')
    if (Buffer.byteLength(value) > metadataValueBytesMax)
      refuse(name, `must not be longer than ${metadataValueBytesMax} bytes`)
  }
}

function refuse(name: string, why: string): never {
  const field = `metadata.${name.slice(0, 64)}`
  throw new AppError('invalid', `${field} ${why}`, { field })
}

function requireBounded(entries: readonly [string, string][], limits: MetadataLimits): void {
  const { metadataEntriesMax, metadataBytesMax } = limits
  const sizeBytes = entries.reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value),
    0,
  )
  if (entries.length <= metadataEntriesMax && sizeBytes <= metadataBytesMax) return
  throw new AppError(
    'too_large',
    `a file has at most ${metadataEntriesMax} entries of ${metadataBytesMax} bytes together`,
    { field: 'metadata' },
  )
}
