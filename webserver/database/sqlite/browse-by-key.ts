import { sortKeyOf, type Browse, type Browsed, type SortKey } from '../../domain/listing'
import { comparisonOf, isFiltering, isIndexed, keyed, tooManyToSort } from '../browse-rules'
import { compareByCodePoint, endOfPrefix } from '../path-order'
import type { ByPath } from './browse-by-path'
import { BrowsePage, type Owner } from './browse-page'
import { columnsOfOwner, filterSql, filterValues, keyExpressions } from './browse-sql'
import type { Connection } from './connection'
import { fileOfValues, type FileValues } from './file-row'

interface Position {
  key: number
  path: string
}

type Statements = ReturnType<typeof prepare>

/**
 * Sorts by what a path does not tell: the files of a small prefix anew for each page; those of a large one along an index,
 * where there is one.
 */
export class ByKey {
  private readonly statements = new Map<string, Statements>()

  constructor(
    private readonly connection: Connection,
    private readonly byPath: ByPath,
  ) {}

  /** @throws {AppError} `invalid` when there are more than may be looked at, and no index. */
  browse(args: Browse, owner: Owner): Browsed {
    if (args.byFolder) return this.inFolder(args, owner)
    if (isIndexed(args.sort) && wantsAll(args)) return this.alongIndex(args, owner)
    if (this.byPath.isWithin(args, owner, args.examinedMax)) return this.sorted(args, owner)
    if (isIndexed(args.sort)) return this.alongIndex(args, owner)
    throw tooManyToSort(args)
  }

  private inFolder(args: Browse, owner: Owner): Browsed {
    const everything = new BrowsePage({ limit: Infinity, examinedMax: args.examinedMax })
    const walk = { ...args, descending: false, after: null }
    if (this.byPath.walk(walk, owner, everything) !== null) throw tooManyToSort(args)
    const { after } = args
    const page = new BrowsePage(args)
    for (const { path } of everything.folders)
      if (after === null || (after.key === null && compareByCodePoint(path, after.path) > 0))
        page.addFolder(owner.name, path)
    const compare = comparisonOf(args)
    for (const one of everything.files.map((file) => keyed(file, args.sort)).sort(compare))
      if (after === null || after.key === null || compare(one, after) > 0)
        page.addFile(one.file, one.key)
    return page.end(null)
  }

  private sorted(args: Browse, owner: Owner): Browsed {
    const { sorted } = this.prepared(args)
    return pageOf(args, sorted.all(valuesOf(args, owner))).end(null)
  }

  private alongIndex(args: Browse, owner: Owner): Browsed {
    const { indexed, fence } = this.prepared(args)
    const values = valuesOf(args, owner)
    const examined = args.examinedMax - 1
    // Where every row is wanted, none is looked at in vain.
    const last = wantsAll(args) ? undefined : fence!.get({ ...values, examined })
    const until = last ?? endOf(args)
    const rows = indexed!.all({ ...values, lastKey: until.key, lastPath: until.path })
    const stoppedAt = last && { ...last, owner: owner.name }
    return pageOf(args, rows).end(stoppedAt ?? null)
  }

  private prepared({ sort, descending }: Browse): Statements {
    const name = `${sort} ${descending}`
    const known = this.statements.get(name)
    if (known !== undefined) return known
    const made = prepare(this.connection, sort as Exclude<SortKey, 'path'>, descending)
    this.statements.set(name, made)
    return made
  }
}

function prepare(connection: Connection, sort: Exclude<SortKey, 'path'>, descending: boolean) {
  const key = keyExpressions[sort]
  const [order, behind, upTo] = descending ? ['DESC', '<', '>='] : ['ASC', '>', '<=']
  const wanted = `path >= :from AND path < :to AND ${filterSql}`
  // The plus keeps SQLite from another index than that of the paths.
  const files = (sql: string) =>
    connection.prepare<[object], FileValues>(`SELECT ${columnsOfOwner} ${sql} LIMIT :limit`).raw()
  const sorted = files(`FROM files
    WHERE owner_id = :ownerId AND (+${key}, path) ${behind} (:afterKey, :afterPath) AND ${wanted}
    ORDER BY +${key} ${order}, path ${order}`)
  if (!isIndexed(sort)) return { sorted, indexed: null, fence: null }
  const from = `FROM files INDEXED BY files_by_${sort}
    WHERE owner_id = :ownerId AND (${key}, path) ${behind} (:afterKey, :afterPath)`
  const ordered = `ORDER BY ${key} ${order}, path ${order}`
  const indexed = files(
    `${from} AND (${key}, path) ${upTo} (:lastKey, :lastPath) AND ${wanted} ${ordered}`,
  )
  const fence = connection.prepare<[object], Position>(
    `SELECT ${key} AS key, path ${from} ${ordered} LIMIT 1 OFFSET :examined`,
  )
  return { sorted, indexed, fence }
}

function pageOf(args: Browse, rows: readonly FileValues[]): BrowsePage {
  const page = new BrowsePage(args)
  for (const file of rows.map(fileOfValues)) page.addFile(file, sortKeyOf(file, args.sort))
  return page
}

function valuesOf(args: Browse, owner: Owner) {
  const { prefix, after, limit, descending } = args
  const start = after ?? endOf({ descending: !descending })
  return {
    ...{ ownerId: owner.id, owner: owner.name, limit: limit + 1 },
    ...{ from: prefix, to: endOfPrefix(prefix) ?? Buffer.alloc(0) },
    ...{ afterKey: start.key, afterPath: start.path },
    ...filterValues(args.filter),
  }
}

function wantsAll({ prefix, filter }: Browse): boolean {
  return prefix === '' && !isFiltering(filter)
}

/** Behind everything: a number sorts before every text, and a BLOB after. */
function endOf({ descending }: Pick<Browse, 'descending'>) {
  return { key: descending ? -1 : Buffer.alloc(0), path: '' }
}
