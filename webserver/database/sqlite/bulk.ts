import type { Viewer } from '../../domain/account'
import { folderOf, isFolderPath, type BulkOperation, type BulkRequest } from '../../domain/bulk'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import {
  BulkBudget,
  copyOf,
  inItem,
  placeFor,
  requireApart,
  requireFree,
  rightNeededAtSource,
} from '../bulk-rules'
import { requireCondition } from '../file-rules'
import type { Handlers } from '../operations'
import { endOfPrefix } from '../path-order'
import { columnsOfOwner } from './browse-sql'
import type { Connection } from './connection'
import { committing } from './file-commit'
import { removing } from './file-deletion'
import { fileOf, type FileRow } from './file-row'
import { moving } from './moving'
import { requireRight, Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

/** One operation with all that it needs. */
interface Item {
  viewer: Viewer
  operation: BulkOperation
  request: BulkRequest
  budget: BulkBudget
  index: number
}

/** Each operation sees what the ones before it did. What throws takes everything back: the store's savepoint does. */
export function bulking(connection: Connection): Handlers<'files.bulk'>['files.bulk'] {
  const findSources = sources(connection)
  const requireTarget = targets(connection)
  const copy = copying(connection)
  const move = moving(connection)
  const remove = removing(connection)
  const run = (item: Item): StoredFile[] => {
    const { operation, request, index } = item
    const rows = findSources(item)
    if (operation.action === 'delete') {
      for (const row of rows) remove(row, request)
      return rows.map(fileOf)
    }
    return inItem(index, 'to', () => {
      const ownerId = requireTarget(item)
      if (operation.action === 'copy') return rows.map((row) => copy(item, row))
      return move(rows, { operation, request, ownerId })
    })
  }
  return (viewer, request) => {
    const budget = new BulkBudget(request)
    return request.operations.map((operation, index) =>
      run({ viewer, operation, request, budget, index }),
    )
  }
}

/** The rows that an operation is about, if the viewer may do it with them. */
function sources(connection: Connection): (item: Item) => FileRow[] {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const idOf = findingOwner(connection)
  const below = connection.prepare<[object], FileRow>(`
    SELECT ${columnsOfOwner} FROM files
    WHERE owner_id = :ownerId AND path >= :from AND path < :to ORDER BY path LIMIT :limit`)
  const find = ({ viewer, operation, budget }: Item): FileRow[] => {
    const { owner, path } = operation.from
    const needed = rightNeededAtSource(operation)
    if (!isFolderPath(path)) {
      const row = findRow(operation.from)
      if (row !== undefined) rights.require(viewer, { ...row, fileId: row.id }, needed)
      return row === undefined ? [] : [row]
    }
    const ownerId = idOf(owner)
    requireRight(rights.ofFolder(viewer, ownerId, folderOf(path)), needed)
    const to = endOfPrefix(path) ?? Buffer.alloc(0)
    return below.all({ ownerId, owner, from: path, to, limit: budget.limit })
  }
  return (item) => {
    const { operation, budget, index } = item
    const rows = inItem(index, 'from', () => {
      const found = find(item)
      budget.take(found.length)
      return found
    })
    const [first] = rows
    inItem(index, 'ifMatch', () => requireCondition(operation.condition, first && fileOf(first)))
    return rows
  }
}

/** @returns a check that the viewer may write at the target, which answers the id of the target's owner. */
function targets(connection: Connection): (item: Item) => string {
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  const idOf = findingOwner(connection)
  return ({ viewer, operation }) => {
    const to = operation.to!
    const ownerId = idOf(to.owner)
    const held = isFolderPath(to.path)
      ? rights.ofFolder(viewer, ownerId, folderOf(to.path))
      : rights.ofFile(viewer, { ownerId, fileId: findRow(to)?.id ?? null, path: to.path })
    requireRight(held, 'edit')
    requireApart(operation)
    return ownerId
  }
}

/** A copy is a commit of what the source refers to: no byte of it is touched. */
function copying(connection: Connection): (item: Item, row: FileRow) => StoredFile {
  const findRow = rowFinder(connection)
  const commit = committing(connection)
  return ({ viewer, operation, request, budget }, row) => {
    const key = placeFor(row.path, operation)
    requireFree(findRow(key), operation)
    return commit(viewer, copyOf(fileOf(row), key, { ...request, id: budget.nextId() })).file
  }
}

function findingOwner(connection: Connection): (name: string) => string {
  const find = accountIdFinder(connection)
  return (name) => {
    const id = find(name)
    if (id === undefined) throw new AppError('not_found', 'there is no such file')
    return id
  }
}
