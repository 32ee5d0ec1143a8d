import { AppError } from '../domain/errors'
import type { StoredFile } from '../domain/file'
import { sortKeyOf, type Browse, type FileFilter, type SortKey } from '../domain/listing'
import { compareByCodePoint } from './path-order'

interface Sortable {
  key: number | string | null
  path: string
}

/** Below one prefix the names of what lies there itself have the order of the paths. */
export function isByPath({ sort, byFolder }: Browse): boolean {
  return sort === 'path' || (sort === 'name' && byFolder)
}

/** Whether the files of one owner lie in this order somewhere, however many they are. */
export function isIndexed(sort: SortKey): boolean {
  return sort === 'size' || sort === 'updated'
}

export function isFiltering(filter: FileFilter): boolean {
  return Object.values(filter).some((value) => value !== null)
}

export function keyed(file: StoredFile, sort: SortKey) {
  return { file, path: file.path, key: sortKeyOf(file, sort) }
}

/** By the key, and what has the same key by the path. */
export function comparisonOf({ descending }: Browse): (a: Sortable, b: Sortable) => number {
  const compare = (a: Sortable, b: Sortable) =>
    compareKeys(a.key, b.key) || compareByCodePoint(a.path, b.path)
  return descending ? (a, b) => compare(b, a) : compare
}

function compareKeys(a: Sortable['key'], b: Sortable['key']): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return compareByCodePoint(String(a ?? ''), String(b ?? ''))
}

/** @throws {AppError} `invalid` when the files of all owners are to be sorted by anything but their paths. */
export function requireSortable(args: Browse): void {
  if (isByPath(args)) return
  throw new AppError('invalid', 'name an owner to sort by anything but the path', { field: 'sort' })
}

/** What no index sorts is sorted anew for each page, which must not take long. */
export function tooManyToSort({ sort, byFolder, examinedMax }: Browse): AppError {
  const advice = isIndexed(sort) && byFolder ? ', or list without a delimiter' : ''
  const message = `there is more to sort than ${examinedMax} rows: sort by path, or name a narrower prefix${advice}`
  return new AppError('invalid', message, { field: 'sort' })
}
