import type { Statement } from 'better-sqlite3'
import {
  folderWithin,
  matchesFilter,
  nameMatches,
  nameOf,
  type Browse,
  type Browsed,
  type ListingPosition,
} from '../../domain/listing'
import { isFiltering } from '../browse-rules'
import { compareByCodePoint, endOfPrefix } from '../path-order'
import { BrowsePage, type Owner } from './browse-page'
import { columnsOfOwner, filterSql, filterValues } from './browse-sql'
import type { Connection } from './connection'
import { fileOfValues, type FileValues } from './file-row'

/** The paths still to be shown: from the first, up to but without the last. A BLOB sorts after every text. */
interface Range {
  from: string
  to: string | Buffer
}

const directions = ['ASC', 'DESC'] as const
type Direction = (typeof directions)[number]
type ByDirection<Row> = Record<Direction, Statement<[object], Row>>

const inRange = 'FROM files WHERE owner_id = :ownerId AND path >= :from AND path < :to'

/** Every page seeks its first row in the table's own order, by owner and path, and reads on from there. */
export class ByPath {
  private readonly first: ByDirection<string>
  private readonly all: ByDirection<FileValues>
  private readonly some: ByDirection<FileValues>
  private readonly filtered: ByDirection<FileValues>
  private readonly fence: ByDirection<{ count: number; last: string }>

  constructor(connection: Connection) {
    const prepare = <Row>(sql: (direction: Direction) => string) =>
      Object.fromEntries(
        directions.map((direction) => [direction, connection.prepare(sql(direction))]),
      ) as ByDirection<Row>
    const files = (where: string, limit: string) => {
      const sql = (direction: Direction) =>
        `SELECT ${columnsOfOwner} ${inRange} ${where} ORDER BY path ${direction} ${limit}`
      const statements = prepare<FileValues>(sql)
      for (const direction of directions) statements[direction].raw()
      return statements
    }
    this.all = files('', '')
    this.some = files('', 'LIMIT :limit')
    this.filtered = files(`AND ${filterSql}`, 'LIMIT :limit')
    this.first = prepare((direction) => `SELECT path ${inRange} ORDER BY path ${direction} LIMIT 1`)
    for (const direction of directions) this.first[direction].pluck()
    this.fence = prepare(
      (direction) => `SELECT count(*) AS count, ${direction === 'ASC' ? 'max' : 'min'}(path) AS last
        FROM (SELECT path ${inRange} ORDER BY path ${direction} LIMIT :examinedMax)`,
    )
  }

  /** @param nextOwner the first when called with null, and then the one after. */
  browse(args: Browse, nextOwner: (behind: Owner | null) => Owner | undefined): Browsed {
    const page = new BrowsePage(args)
    for (let owner = nextOwner(null); owner !== undefined;) {
      const stoppedAt = args.byFolder ? this.walk(args, owner, page) : this.scan(args, owner, page)
      if (stoppedAt !== null || page.overflowed) return page.end(stoppedAt)
      const next = nextOwner(owner)
      page.examinedLeft -= 1
      if (next !== undefined && page.examinedLeft <= 0) return page.end(between(args, owner, next))
      owner = next
    }
    return page.end(null)
  }

  /** Whether at most so many files lie below the prefix. */
  isWithin({ prefix }: Browse, owner: Owner, filesMax: number): boolean {
    const range = { from: prefix, to: endOf(prefix) }
    const fence = this.fence.ASC.get({ ownerId: owner.id, ...range, examinedMax: filesMax + 1 })
    return fence!.count <= filesMax
  }

  /**
   * Adds what lies directly below the prefix. The first row of a folder shows the folder, and the walk goes on behind its
   * last: the cost is that of what is shown, however much lies below.
   * @returns what was looked at last when there may be more; null at the end.
   */
  walk(args: Browse, owner: Owner, page: BrowsePage): ListingPosition | null {
    for (let range = rangeOf(args, owner); ;) {
      const path = this.walkToFolder(args, { owner, range }, page)
      if (path === null) return null
      const position = { owner: owner.name, path, key: null }
      if (page.overflowed || page.examinedLeft <= 0) return position
      range = rangeOf({ ...args, after: position }, owner)
    }
  }

  /** Adds files up to the first folder, and that. @returns the path of what came last; null at the end. */
  private walkToFolder(
    args: Browse,
    { owner, range }: { owner: Owner; range: Range },
    page: BrowsePage,
  ): string | null {
    const direction = args.descending ? 'DESC' : 'ASC'
    const bounds = { ownerId: owner.id, ...range }
    // Where folder follows on folder, their paths are all that need be read.
    const first = this.first[direction].get(bounds)
    const folder = first === undefined ? null : folderWithin(first, args.prefix)
    if (folder !== null) return this.addFolder(args, { owner, folder }, page)
    for (const row of this.all[direction].iterate({ ...bounds, owner: owner.name })) {
      const file = fileOfValues(row)
      const next = folderWithin(file.path, args.prefix)
      if (next !== null) return this.addFolder(args, { owner, folder: next }, page)
      page.examinedLeft -= 1
      if (matchesFilter(file, args.filter)) page.addFile(file)
      if (page.overflowed || page.examinedLeft <= 0) return file.path
    }
    return null
  }

  private addFolder(
    { filter }: Browse,
    { owner, folder }: { owner: Owner; folder: string },
    page: BrowsePage,
  ): string {
    page.examinedLeft -= 1
    if (nameMatches(nameOf(folder.slice(0, -1)), filter.nameContains))
      page.addFolder(owner.name, folder)
    return folder
  }

  /** Adds what lies below the prefix at any depth. @returns as `walk`. */
  private scan(args: Browse, owner: Owner, page: BrowsePage): ListingPosition | null {
    const direction = args.descending ? 'DESC' : 'ASC'
    const whole = { ownerId: owner.id, owner: owner.name, ...rangeOf(args, owner) }
    const limit = page.room + 1
    if (!isFiltering(args.filter)) {
      for (const row of this.some[direction].all({ ...whole, limit }))
        page.addFile(fileOfValues(row))
      return null
    }
    const examinedMax = page.examinedLeft
    const { count, last } = this.fence[direction].get({ ...whole, examinedMax })!
    const isAll = count < examinedMax
    const examined = isAll ? {} : args.descending ? { from: last } : { to: `${last}\0` }
    const values = { ...whole, ...examined, ...filterValues(args.filter), limit }
    for (const row of this.filtered[direction].all(values)) page.addFile(fileOfValues(row))
    page.examinedLeft -= count
    return isAll ? null : { owner: owner.name, path: last, key: null }
  }
}

/** The end of a page that may look at no more, between two owners. */
function between({ descending }: Browse, behind: Owner, next: Owner): ListingPosition {
  return { owner: (descending ? behind : next).name, path: '', key: null }
}

function rangeOf({ prefix, after, descending }: Browse, owner: Owner): Range {
  const whole = { from: prefix, to: endOf(prefix) }
  if (after === null || after.owner !== owner.name) return whole
  if (descending) return { from: prefix, to: lesser(after.path, whole.to) }
  const from = startBehind(after.path)
  return { from: compareByCodePoint(from, prefix) > 0 ? from : prefix, to: whole.to }
}

/** The least path behind a file's, or behind all below a folder. The least string above another is that and a NUL. */
function startBehind(path: string): string {
  return path.endsWith('/') ? endOfPrefix(path)! : `${path}\0`
}

function lesser(path: string, end: string | Buffer): string | Buffer {
  return typeof end === 'string' && compareByCodePoint(end, path) < 0 ? end : path
}

function endOf(prefix: string): string | Buffer {
  return endOfPrefix(prefix) ?? Buffer.alloc(0)
}
