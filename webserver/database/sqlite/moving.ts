import { isFolderPath, type BulkOperation, type BulkRequest } from '../../domain/bulk'
import type { StoredFile } from '../../domain/file'
import { movedFolder, placeFor, requireFree } from '../bulk-rules'
import { endOfPrefix } from '../path-order'
import { AccountBytes } from './account-bytes'
import type { Connection } from './connection'
import { putting } from './file-commit'
import { removing } from './file-deletion'
import { fileOf, rowOf, type FileRow } from './file-row'
import { rowFinder } from './row-finder'

interface Move {
  operation: BulkOperation
  request: BulkRequest
  /** Of whom the target is. */
  ownerId: string
}

/**
 * Moves files as they are. All leave their paths before the first arrives, so that none is in another's way. What gives
 * way is deleted, into the trash if there is one.
 */
export function moving(
  connection: Connection,
): (rows: readonly FileRow[], move: Move) => StoredFile[] {
  const takeAway = connection.prepare<[object]>(
    'DELETE FROM files WHERE owner_id = :ownerId AND path = :path',
  )
  const findRow = rowFinder(connection)
  const put = putting(connection)
  const remove = removing(connection)
  const moveShares = movingShares(connection)
  const changeOwner = changingOwner(connection)
  const bytes = new AccountBytes(connection)
  return (rows, move) => {
    const { operation, request, ownerId } = move
    for (const row of rows) takeAway.run(row)
    if (isFolderPath(operation.from.path)) moveShares(rows[0]!.ownerId, operation)
    const moved = rows.map((row) => {
      const file = { ...fileOf(row), ...placeFor(row.path, operation) }
      const there = findRow(file)
      requireFree(there, operation)
      if (there !== undefined) remove(there, request)
      if (row.ownerId !== ownerId) changeOwner(row, ownerId)
      put(rowOf(file, ownerId))
      return file
    })
    if (rows[0]!.ownerId !== ownerId) bytes.requireRoom(ownerId)
    return moved
  }
}

/** Moves what counts for the owner. Who the file was shared with is the new owner's to say anew. */
function changingOwner(connection: Connection) {
  const versionBytesOf = connection
    .prepare<[string], number>(
      'SELECT coalesce(sum(size_bytes), 0) FROM file_versions WHERE file_id = ?',
    )
    .pluck()
  const moveVersions = connection.prepare<[string, string]>(
    'UPDATE file_versions SET owner_id = ? WHERE file_id = ?',
  )
  const endShares = ['grants', 'links'].map((table) =>
    connection.prepare<[string]>(`DELETE FROM ${table} WHERE file_id = ?`),
  )
  const bytes = new AccountBytes(connection)
  return ({ id, ownerId: formerId, sizeBytes }: FileRow, ownerId: string) => {
    const versions = versionBytesOf.get(id)!
    moveVersions.run(ownerId, id)
    bytes.change(formerId, { used: -sizeBytes, versions: -versions })
    bytes.change(ownerId, { used: sizeBytes, versions })
    for (const statement of endShares) statement.run(id)
  }
}

interface FolderShare {
  id: string
  folder: string
}

/**
 * Shares of a folder, and of those below it, go with it. Where it comes among other files, or to another owner, they end:
 * nobody shared what is there. Called while the files are on their way.
 */
function movingShares(connection: Connection): (ownerId: string, operation: BulkOperation) => void {
  const isAnything = connection
    .prepare<[object], 0 | 1>(
      `SELECT EXISTS (SELECT * FROM files
        WHERE owner_id = :ownerId AND path >= :from AND path < :to)`,
    )
    .pluck()
  const tables = ['grants', 'links'].map((table) => ({
    // Of everything of the owner's there is no moving away: a share of '' stays. Outer folders make way for inner ones.
    find: connection.prepare<[object], FolderShare>(`
      SELECT id, folder FROM ${table} WHERE owner_id = :ownerId AND folder <> ''
        AND folder || '/' >= :from AND folder || '/' < :to ORDER BY folder`),
    // A share that the target has already stays what it is.
    change: connection.prepare<[object]>(
      `UPDATE OR IGNORE ${table} SET folder = :folder WHERE id = :id`,
    ),
    end: connection.prepare<[string]>(`DELETE FROM ${table} WHERE id = ?`),
  }))
  return (ownerId, operation) => {
    const { from, to } = operation
    const goes = (folder: string) =>
      to!.owner === from.owner &&
      folder !== '' &&
      isAnything.get({ ownerId, ...rangeOf(`${folder}/`) }) === 0
    for (const { find, change, end } of tables)
      for (const share of find.all({ ownerId, ...rangeOf(from.path) })) {
        const folder = movedFolder(share.folder, operation)
        const { changes } = goes(folder) ? change.run({ ...share, folder }) : { changes: 0 }
        if (changes === 0) end.run(share.id)
      }
  }
}

function rangeOf(prefix: string) {
  return { from: prefix, to: endOfPrefix(prefix) ?? Buffer.alloc(0) }
}
