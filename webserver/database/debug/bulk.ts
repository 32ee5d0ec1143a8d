import type { Account, Viewer } from '../../domain/account'
import { folderOf, isFolderPath, type BulkOperation, type BulkRequest } from '../../domain/bulk'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import {
  BulkBudget,
  copyOf,
  inItem,
  movedFolder,
  placeFor,
  requireApart,
  requireFree,
  rightNeededAtSource,
} from '../bulk-rules'
import { requireCondition } from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { findByName } from './accounts'
import { fileKeyOf, type FileRow, type GrantRow, type Tables } from './document'
import { roomOf, versionsOf } from './earlier-versions'
import { fileHandlers, takeAway, withoutOwnerId } from './files'
import { requireRight, rightToFile, rightToFolder } from './rights'

/** One operation with all that it needs. */
interface Item {
  tables: Tables
  viewer: Viewer
  operation: BulkOperation
  request: BulkRequest
  budget: BulkBudget
  index: number
}

/** Works on a copy of everything, which takes the place of the tables when all operations are done. */
export function bulkHandlers(tables: Tables): Handlers<'files.bulk'> {
  return {
    'files.bulk': (viewer, request) => {
      const draft = structuredClone(tables)
      const budget = new BulkBudget(request)
      const outcome = request.operations.map((operation, index) =>
        run({ tables: draft, viewer, operation, request, budget, index }),
      )
      Object.assign(tables, draft)
      return outcome
    },
  }
}

function run(item: Item): StoredFile[] {
  const { tables, operation, request, budget, index } = item
  const rows = inItem(index, 'from', () => {
    const found = findSources(item)
    budget.take(found.length)
    return found
  })
  inItem(index, 'ifMatch', () => requireCondition(operation.condition, rows[0]))
  if (operation.action === 'delete') {
    for (const row of rows) takeAway(tables, row, request)
    return rows.map(withoutOwnerId)
  }
  return inItem(index, 'to', () => {
    const owner = requireTarget(item)
    if (operation.action === 'copy') return rows.map((row) => copy(item, row))
    return move(item, rows, owner)
  })
}

function findSources({ tables, viewer, operation }: Item): FileRow[] {
  const { from } = operation
  const needed = rightNeededAtSource(operation)
  if (!isFolderPath(from.path)) {
    const row = tables.files.get(fileKeyOf(from))
    if (row === undefined) return []
    requireRight(rightToFile(tables, viewer, { ...row, fileId: row.id }), needed)
    return [row]
  }
  const ownerId = requireOwner(tables, from.owner).id
  requireRight(rightToFolder(tables, viewer, { ownerId, folder: folderOf(from.path) }), needed)
  return [...tables.files.values()]
    .filter((row) => row.ownerId === ownerId && row.path.startsWith(from.path))
    .sort((a, b) => compareByCodePoint(a.path, b.path))
}

function requireTarget({ tables, viewer, operation }: Item): Account {
  const to = operation.to!
  const owner = requireOwner(tables, to.owner)
  const fileId = tables.files.get(fileKeyOf(to))?.id ?? null
  const held = isFolderPath(to.path)
    ? rightToFolder(tables, viewer, { ownerId: owner.id, folder: folderOf(to.path) })
    : rightToFile(tables, viewer, { ownerId: owner.id, fileId, path: to.path })
  requireRight(held, 'edit')
  requireApart(operation)
  return owner
}

function requireOwner(tables: Tables, name: string): Account {
  const owner = findByName(tables, name)
  if (owner !== undefined) return owner
  throw new AppError('not_found', 'there is no such file')
}

function copy({ tables, viewer, operation, request, budget }: Item, row: FileRow): StoredFile {
  const key = placeFor(row.path, operation)
  requireFree(tables.files.get(fileKeyOf(key)), operation)
  const commit = copyOf(row, key, { ...request, id: budget.nextId() })
  return fileHandlers(tables)['files.commit'](viewer, commit).file
}

function move(item: Item, rows: readonly FileRow[], owner: Account): StoredFile[] {
  const { tables, operation, request } = item
  for (const row of rows) tables.files.delete(fileKeyOf(row))
  if (isFolderPath(operation.from.path)) moveShares(tables, rows[0]!.ownerId, operation)
  const moved = rows.map((row) => {
    const file = { ...withoutOwnerId(row), ...placeFor(row.path, operation) }
    const there = tables.files.get(fileKeyOf(file))
    requireFree(there, operation)
    if (there !== undefined) takeAway(tables, there, request)
    if (row.ownerId !== owner.id) changeOwner(tables, row, owner)
    tables.files.set(fileKeyOf(file), { ...file, ownerId: owner.id })
    return file
  })
  if (rows[0]!.ownerId !== owner.id && roomOf(tables, owner.id) < 0)
    throw new AppError('quota_exceeded', 'the quota of the account does not allow this')
  return moved
}

function changeOwner(tables: Tables, { id, ownerId, sizeBytes }: FileRow, owner: Account): void {
  const former = tables.accounts.get(ownerId)!
  former.usedBytes -= sizeBytes
  owner.usedBytes += sizeBytes
  for (const version of versionsOf(tables, id)) {
    version.ownerId = owner.id
    former.versionBytes -= version.sizeBytes
    owner.versionBytes += version.sizeBytes
  }
  for (const shares of [tables.grants, tables.links])
    for (const share of shares.values()) if (share.fileId === id) shares.delete(share.id)
}

/** Shares go with the folder, unless it comes among other files or to another owner. */
function moveShares(tables: Tables, ownerId: string, operation: BulkOperation): void {
  const { from, to } = operation
  const isOccupied = (folder: string) =>
    [...tables.files.values()].some(
      (row) => row.ownerId === ownerId && row.path.startsWith(`${folder}/`),
    )
  const shares = [...tables.grants.values(), ...tables.links.values()]
    .filter((share) => share.ownerId === ownerId && share.folder)
    .sort((a, b) => compareByCodePoint(a.folder!, b.folder!))
  for (const share of shares) {
    if (!`${share.folder!}/`.startsWith(from.path)) continue
    const folder = movedFolder(share.folder!, operation)
    const goes = to!.owner === from.owner && folder !== '' && !isOccupied(folder)
    if (goes && !isTaken(tables, { ...share, folder })) share.folder = folder
    else for (const table of [tables.grants, tables.links]) table.delete(share.id)
  }
}

/** Whether the target is shared with the same account or group already. */
function isTaken(tables: Tables, share: Pick<GrantRow, 'id' | 'ownerId' | 'folder'>): boolean {
  const moved = tables.grants.get(share.id)
  if (moved === undefined) return false
  return [...tables.grants.values()].some(
    ({ id, ownerId, folder, accountId, groupId }) =>
      id !== share.id &&
      ownerId === share.ownerId &&
      folder === share.folder &&
      accountId === moved.accountId &&
      groupId === moved.groupId,
  )
}
