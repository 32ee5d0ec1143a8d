import type { Viewer } from '../../domain/account'
import type { FileListing } from '../../domain/database'
import { allows } from '../../domain/rights'
import type { Handlers } from '../operations'
import { compareByCodePoint, endOfPrefix } from '../path-order'
import { browsing } from './browsing'
import { bulking } from './bulk'
import type { Connection } from './connection'
import { committing } from './file-commit'
import { deleting } from './file-deletion'
import { infoCommands, infoQueries } from './file-info'
import { fileColumns, fileOf, type FileRow } from './file-row'
import { Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'

export function fileQueries(
  connection: Connection,
): Handlers<'files.find' | 'files.list' | 'files.browse' | 'files.info' | 'files.sum'> {
  return {
    'files.find': finding(connection),
    'files.list': listing(connection),
    'files.browse': browsing(connection),
    ...infoQueries(connection),
  }
}

export function fileCommands(
  connection: Connection,
): Handlers<'files.commit' | 'files.delete' | 'files.bulk' | 'files.setMetadata'> {
  return {
    'files.commit': committing(connection),
    'files.delete': deleting(connection),
    'files.bulk': bulking(connection),
    ...infoCommands(connection),
  }
}

function finding(connection: Connection): Handlers<'files.find'>['files.find'] {
  const find = rowFinder(connection)
  const rights = new Rights(connection)
  return (viewer, key) => {
    const row = find(key)
    if (row === undefined) return null
    const held = rights.ofFile(viewer, { ...row, fileId: row.id })
    return allows(held, 'view') ? fileOf(row) : null
  }
}

/**
 * Owners in order of name, and of each the paths in order: CROSS JOIN keeps the owners outermost, so that every page
 * seeks its first row in an index and reads on from there.
 */
function listing(connection: Connection): Handlers<'files.list'>['files.list'] {
  const prepare = (owners: string) =>
    connection.prepare<[object], FileRow>(`
      SELECT ${fileColumns} FROM accounts CROSS JOIN files ON files.owner_id = accounts.id
      WHERE ${owners} AND accounts.name >= :afterOwner
        AND files.path >= CASE accounts.name WHEN :afterOwner THEN :afterFrom ELSE :from END
        AND files.path < :to
      ORDER BY accounts.name, files.path LIMIT :limit`)
  const ofOwner = prepare('accounts.name = :owner')
  const ofAll = prepare('true')
  const idOf = accountIdFinder(connection)
  const rights = new Rights(connection)
  const seesFolder = (viewer: Viewer, owner: string, prefix: string) => {
    const ownerId = idOf(owner)
    const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
    return ownerId !== undefined && allows(rights.ofFolder(viewer, ownerId, folder), 'view')
  }
  return (viewer, args) => {
    const owner = args.owner ?? (viewer.seesAll ? null : viewer.name)
    if (owner === null) return viewer.seesAll ? ofAll.all(boundsOf(args)).map(fileOf) : []
    if (!seesFolder(viewer, owner, args.prefix)) return []
    return ofOwner.all({ ...boundsOf(args), owner }).map(fileOf)
  }
}

function boundsOf({ prefix, after, limit }: FileListing) {
  // The least string above another is that string and a NUL.
  const next = after === null ? '' : after.path + '\0'
  return {
    afterOwner: after?.owner ?? '',
    afterFrom: compareByCodePoint(next, prefix) > 0 ? next : prefix,
    from: prefix,
    // SQLite sorts every BLOB after every text.
    to: endOfPrefix(prefix) ?? Buffer.alloc(0),
    limit,
  }
}
