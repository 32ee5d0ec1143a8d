import type { Viewer } from '../../domain/account'
import type { StoredFile } from '../../domain/file'
import {
  folderWithin,
  matchesFilter,
  nameMatches,
  nameOf,
  type Browse,
  type Browsed,
  type ListingPosition,
} from '../../domain/listing'
import {
  comparisonOf,
  isByPath,
  isIndexed,
  keyed,
  requireSortable,
  tooManyToSort,
} from '../browse-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import type { Tables } from './document'
import { seesFolder, withoutOwnerId } from './files'

/** A file or a folder, and where it stands. */
interface Entry extends ListingPosition {
  file: StoredFile | null
}

export function browseHandlers(tables: Tables): Handlers<'files.browse'> {
  return { 'files.browse': (viewer, args) => browse(tables, viewer, args) }
}

/** Everything is looked at for each page: the document is small. */
function browse(tables: Tables, viewer: Viewer, args: Browse): Browsed {
  const { prefix, after, limit, filter } = args
  const owner = args.owner ?? (viewer.seesAll ? null : viewer.name)
  if (owner === null && viewer.seesAll) requireSortable(args)
  if (owner === null ? !viewer.seesAll : !seesFolder(tables, viewer, owner, prefix)) return empty
  const files = [...tables.files.values()]
    .filter((row) => (owner === null || row.owner === owner) && row.path.startsWith(prefix))
    .map(withoutOwnerId)
  const shown = entriesOf(files, args)
  requireFew(args, files, shown)
  const compare = comparing(args)
  const left = shown
    .filter((entry) => (entry.file ? matchesFilter(entry.file, filter) : isNamed(entry, args)))
    .filter((entry) => after === null || compare(entry, after) > 0)
    .sort(compare)
  return pageOf(left.slice(0, limit), left.length > limit)
}

const empty: Browsed = { files: [], folders: [], next: null }

function pageOf(entries: readonly Entry[], isMore: boolean): Browsed {
  const { owner, path, key } = entries.at(-1) ?? { owner: '', path: '', key: null }
  return {
    files: entries.flatMap(({ file }) => file ?? []),
    folders: entries
      .filter(({ file }) => file === null)
      .map((at) => ({ owner: at.owner, path: at.path })),
    next: isMore ? { owner, path, key } : null,
  }
}

function entriesOf(files: readonly StoredFile[], args: Browse): Entry[] {
  const entries = new Map<string, Entry>()
  for (const file of files) {
    const folder = args.byFolder ? folderWithin(file.path, args.prefix) : null
    const { owner, path } = { owner: file.owner, path: folder ?? file.path }
    const key = folder !== null || isByPath(args) ? null : keyed(file, args.sort).key
    entries.set(`${owner}/${path}`, { owner, path, key, file: folder === null ? file : null })
  }
  return [...entries.values()]
}

function requireFew(args: Browse, files: readonly StoredFile[], shown: readonly Entry[]): void {
  if (isByPath(args) || (isIndexed(args.sort) && !args.byFolder)) return
  const { length } = args.byFolder ? shown : files
  if (length > args.examinedMax) throw tooManyToSort(args)
}

function isNamed({ path }: Entry, { filter }: Browse): boolean {
  return nameMatches(nameOf(path.slice(0, -1)), filter.nameContains)
}

/** By owner and path; by another key, folders first. */
function comparing(args: Browse): (a: ListingPosition, b: ListingPosition) => number {
  const compare = comparisonOf(args)
  const direction = args.descending ? -1 : 1
  if (isByPath(args))
    return (a, b) => direction * compareByCodePoint(a.owner, b.owner) || compare(a, b)
  return (a, b) => {
    if (a.key !== null && b.key !== null) return compare(a, b)
    if (a.key === null && b.key === null) return compareByCodePoint(a.path, b.path)
    return a.key === null ? -1 : 1
  }
}
