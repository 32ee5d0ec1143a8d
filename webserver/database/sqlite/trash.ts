import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { TrashedFile } from '../../domain/trash'
import { refuseTaken } from '../file-rules'
import type { Handlers } from '../operations'
import { AccountBytes } from './account-bytes'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'
import { putting } from './file-commit'
import { forgetting, removing } from './file-deletion'
import { fileOf, rowOf, trashColumns, type FileRow } from './file-row'
import { accountIdFinder, rowFinder } from './row-finder'

type Commands = 'trash.restore' | 'trash.delete' | 'trash.empty' | 'trash.purge'

interface TrashRow extends FileRow {
  deletedAtMs: number
}

const trashRows = `SELECT ${trashColumns} FROM trash JOIN accounts ON accounts.id = trash.owner_id`

export function trashQueries(connection: Connection): Handlers<'trash.list'> {
  const ownerIdOf = findingOwner(connection)
  const prepare = (bound: string) =>
    connection.prepare<[object], TrashRow>(`
      ${trashRows} WHERE trash.owner_id = :ownerId ${bound}
      ORDER BY trash.deleted_at_ms DESC, trash.id DESC LIMIT :limit`)
  const first = prepare('')
  const next = prepare('AND (trash.deleted_at_ms, trash.id) < (:deletedAtMs, :id)')
  return {
    'trash.list': (viewer, { owner, after, limit }) => {
      const ownerId = ownerIdOf(viewer, owner)
      if (ownerId === null) return []
      const rows = after === null ? first : next
      return rows.all({ ownerId, limit, ...after }).map(trashedOf)
    },
  }
}

export function trashCommands(connection: Connection): Handlers<Commands> {
  const requireRow = requiring(connection)
  const discard = discarding(connection)
  const discardAll = (rows: TrashRow[], nowMs: number) => {
    for (const row of rows) discard(row, nowMs)
    return rows.length
  }
  const ownerIdOf = findingOwner(connection)
  const ofOwner = connection.prepare<[object], TrashRow>(`
    ${trashRows} WHERE trash.owner_id = :ownerId AND trash.deleted_at_ms <= :deletedUntilMs
    ORDER BY trash.deleted_at_ms, trash.id LIMIT :limit`)
  const old = connection.prepare<[object], TrashRow>(`
    ${trashRows} WHERE trash.deleted_at_ms < :deletedBeforeMs
    ORDER BY trash.deleted_at_ms, trash.id LIMIT :limit`)
  return {
    'trash.restore': restoring(connection),
    'trash.delete': (viewer, { id, nowMs }) => discard(requireRow(viewer, id), nowMs),
    'trash.empty': (viewer, { owner, nowMs, ...bounds }) => {
      const ownerId = ownerIdOf(viewer, owner)
      return ownerId === null ? 0 : discardAll(ofOwner.all({ ownerId, ...bounds }), nowMs)
    },
    'trash.purge': ({ nowMs, ...bounds }) => discardAll(old.all(bounds), nowMs),
  }
}

/** The account of that name, if the viewer may see its trash. */
function findingOwner(connection: Connection) {
  const find = accountIdFinder(connection)
  return (viewer: Viewer, owner: string): string | null => {
    const ownerId = find(owner)
    return ownerId !== undefined && owns(viewer, ownerId) ? ownerId : null
  }
}

function owns({ accountId, seesAll }: Viewer, ownerId: string): boolean {
  return seesAll || accountId === ownerId
}

function requiring(connection: Connection) {
  const find = connection.prepare<[string], TrashRow>(`${trashRows} WHERE trash.id = ?`)
  return (viewer: Viewer, id: string): TrashRow => {
    const row = find.get(id)
    if (row !== undefined && owns(viewer, row.ownerId)) return row
    throw new AppError('not_found', 'there is no such file in the trash')
  }
}

function taking(connection: Connection) {
  const statement = connection.prepare<[string]>('DELETE FROM trash WHERE id = ?')
  const bytes = new AccountBytes(connection)
  return ({ id, ownerId, sizeBytes }: TrashRow) => {
    statement.run(id)
    bytes.change(ownerId, { trash: -sizeBytes })
  }
}

function restoring(connection: Connection): Handlers<Commands>['trash.restore'] {
  const requireRow = requiring(connection)
  const findFile = rowFinder(connection)
  const remove = removing(connection)
  const put = putting(connection)
  const take = taking(connection)
  const bytes = new AccountBytes(connection)
  return (viewer, { id, path, overwrite, ...args }) => {
    const row = requireRow(viewer, id)
    const { deletedAtMs: _, ...trashed } = trashedOf(row)
    const file = { ...trashed, path: path ?? row.path, updatedAtMs: args.nowMs }
    const there = findFile(file)
    if (there !== undefined) {
      if (!overwrite) refuseTaken()
      remove(there, args)
    }
    take(row)
    put(rowOf(file, row.ownerId))
    bytes.change(row.ownerId, { used: file.sizeBytes })
    return file
  }
}

function discarding(connection: Connection) {
  const take = taking(connection)
  const references = new BlobReferences(connection)
  const forget = forgetting(connection)
  return (row: TrashRow, nowMs: number) => {
    take(row)
    references.release(fileOf(row), nowMs)
    forget(row.id, nowMs)
  }
}

function trashedOf({ deletedAtMs, ...row }: TrashRow): TrashedFile {
  return { ...fileOf(row), deletedAtMs }
}
