import type { StoredFile } from './file'

export const sortKeys = ['path', 'name', 'size', 'updated', 'created'] as const
export type SortKey = (typeof sortKeys)[number]

/** Each is null where it does not matter. Bounds are inclusive. */
export interface FileFilter {
  /** A whole media type without parameters, or its first half and a slash: `image/`. */
  contentType: string | null
  updatedFromMs: number | null
  updatedToMs: number | null
  sizeMinBytes: number | null
  sizeMaxBytes: number | null
  /** A part of the last segment of the path; the case of the letters A–Z does not matter. Folders are held against it too. */
  nameContains: string | null
}

/** All below a folder; its path ends in a slash. */
export interface Folder {
  owner: string
  path: string
}

/**
 * Where a page ended: the next one begins strictly behind. `path` is a file's, or that of a folder with its slash; `key`
 * is what was sorted by, null when that is the path.
 */
export interface ListingPosition {
  owner: string
  path: string
  key: number | string | null
}

export interface Browse {
  /** Null for all that the viewer sees. A sort by anything but the path needs an owner. */
  owner: string | null
  prefix: string
  /** Whether what lies below a further folder is shown as that folder. */
  byFolder: boolean
  sort: SortKey
  descending: boolean
  filter: FileFilter
  after: ListingPosition | null
  /** Of files and folders together. */
  limit: number
  /** Rows that may be looked at: a page may be short, or empty, and not be the last. */
  examinedMax: number
}

/**
 * Files and folders, each in order. Sorted by path or name they are one sequence; sorted by anything else all folders, in
 * order of path, come before the files.
 */
export interface Browsed {
  files: StoredFile[]
  folders: Folder[]
  /** Null after the last page. */
  next: ListingPosition | null
}

/** The last segment. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function sortKeyOf(file: StoredFile, sort: SortKey): ListingPosition['key'] {
  if (sort === 'path') return null
  const { path, sizeBytes, updatedAtMs, createdAtMs } = file
  return { name: nameOf(path), size: sizeBytes, updated: updatedAtMs, created: createdAtMs }[sort]
}

/** The folder that a path lies in directly or further down, as seen from a prefix; null for what lies there itself. */
export function folderWithin(path: string, prefix: string): string | null {
  const slash = path.indexOf('/', prefix.length)
  return slash < 0 ? null : path.slice(0, slash + 1)
}

export function matchesFilter(file: StoredFile, filter: FileFilter): boolean {
  const { updatedFromMs, updatedToMs, sizeMinBytes, sizeMaxBytes, nameContains } = filter
  return (
    (filter.contentType === null || isOfType(file.contentType, filter.contentType)) &&
    (updatedFromMs === null || file.updatedAtMs >= updatedFromMs) &&
    (updatedToMs === null || file.updatedAtMs <= updatedToMs) &&
    (sizeMinBytes === null || file.sizeBytes >= sizeMinBytes) &&
    (sizeMaxBytes === null || file.sizeBytes <= sizeMaxBytes) &&
    nameMatches(nameOf(file.path), nameContains)
  )
}

export function nameMatches(name: string, part: string | null): boolean {
  return part === null || inLowerCase(name).includes(inLowerCase(part))
}

/** A–Z alone, which is what every database can do alike. */
export function inLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function isOfType(contentType: string, wanted: string): boolean {
  const type = inLowerCase(contentType.split(';', 1)[0]!).trim()
  const asked = inLowerCase(wanted)
  return asked.endsWith('/') ? type.startsWith(asked) : type === asked
}
