import type { Content } from './content'
import { AppError } from './errors'

/** A stored file as its owner sees it. */
export interface StoredFile extends Content {
  /** Stays through replacing, moving, and a time in the trash. */
  id: string
  /** Account name of the owner. */
  owner: string
  path: string
  contentType: string
  /** What people noted about the file, by names of their own. */
  metadata: Readonly<Record<string, string>>
  /** Counts the changes of `metadata` and `contentType` that were no commits, from 1. */
  metaVersion: number
  /** Counts the commits of this path, from 1. */
  version: number
  createdAtMs: number
  updatedAtMs: number
}

export interface FileKey {
  owner: string
  path: string
}

/** All that lies and will lie below a folder; `''` is everything of the owner's. */
export interface FolderKey {
  owner: string
  folder: string
}

/** What can be shared. */
export type Place = FileKey | FolderKey

/** Preconditions of RFC 9110 §13.1.1–2, already parsed: entity tags with their quotes, or `'*'`. */
export interface FileCondition {
  ifMatch?: readonly string[] | '*'
  ifNoneMatch?: readonly string[] | '*'
}

const pathBytesMax = 1024
const segmentBytesMax = 255
// C0, DEL, C1 controls; line and paragraph separators; bidirectional overrides that make names lie.
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]/

/**
 * The one rule for names. A path is 1–1024 bytes of UTF-8 in NFC: segments of at most 255 bytes joined by `/`, none
 * empty, `.` or `..`, without control characters, backslashes or lone surrogates.
 * @returns the path in NFC: names that look the same are the same.
 * @throws {AppError} `invalid`, field `path`.
 */
export function requireFilePath(path: string): string {
  if (!path.isWellFormed()) refuse('contains a lone surrogate')
  const normal = path.normalize('NFC')
  if (forbidden.test(normal)) refuse('contains a control character or a backslash')
  if (Buffer.byteLength(normal) > pathBytesMax) refuse(`is longer than ${pathBytesMax} bytes`)
  normal.split('/').forEach(requireSegment)
  return normal
}

/** The key under the one rule for names. @throws {AppError} `invalid`. */
export function requireFileKey({ owner, path }: FileKey): FileKey {
  return { owner, path: requireFilePath(path) }
}

/** The same rule for folders as for files, but that `''` is everything of the owner's. */
export function requirePlace(place: Place): Place {
  if ('path' in place) return requireFileKey(place)
  const { owner, folder } = place
  return { owner, folder: folder === '' ? '' : requireFilePath(folder) }
}

function requireSegment(segment: string): void {
  if (segment === '') refuse('has an empty segment')
  if (segment === '.' || segment === '..') refuse('has a "." or ".." segment')
  if (Buffer.byteLength(segment) > segmentBytesMax)
    refuse(`has a segment longer than ${segmentBytesMax} bytes`)
}

/**
 * `a/photo.jpg` → `a/photo (2).jpg`; a name that would become too long gives up as many of its last characters, or of its
 * suffix where that alone is too long.
 */
export function numberedPath(path: string, number: number): string {
  const nameAt = path.lastIndexOf('/') + 1
  const dotAt = path.lastIndexOf('.')
  const suffixAt = dotAt > nameAt ? dotAt : path.length
  const folder = path.slice(0, nameAt)
  const mark = ` (${number})`
  const roomBytes = Math.min(segmentBytesMax, pathBytesMax - Buffer.byteLength(folder))
  const suffix = cutTo(path.slice(suffixAt), roomBytes - mark.length - 1)
  const stem = path.slice(nameAt, suffixAt)
  return folder + cutTo(stem, roomBytes - mark.length - Buffer.byteLength(suffix)) + mark + suffix
}

function cutTo(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text
  const characters = Array.from(text)
  while (Buffer.byteLength(characters.join('')) > bytesMax) characters.pop()
  return characters.join('')
}

function refuse(why: string): never {
  throw new AppError('invalid', `path ${why}`, { field: 'path' })
}

/** Evaluates write preconditions (RFC 9110 §13.2.2, strong comparison) against the current tag, `null` when absent. */
export function conditionHolds(condition: FileCondition, currentEtag: string | null): boolean {
  const { ifMatch, ifNoneMatch } = condition
  if (ifMatch !== undefined && !matches(ifMatch, currentEtag)) return false
  return ifNoneMatch === undefined || !matches(ifNoneMatch, currentEtag)
}

function matches(tags: readonly string[] | '*', currentEtag: string | null): boolean {
  return currentEtag !== null && (tags === '*' || tags.includes(currentEtag))
}
