import type { Viewer } from '../../domain/account'
import type { FileListing } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileKey, StoredFile } from '../../domain/file'
import { fileAfter, requireCondition } from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint, endOfPrefix } from '../path-order'
import { BlobReferences } from './blobs'
import type { Connection } from './connection'

const columns = `
  files.id AS id, accounts.name AS owner, files.path AS path, files.size_bytes AS sizeBytes,
  files.sha256 AS sha256, files.content_type AS contentType, files.version AS version,
  files.created_at_ms AS createdAtMs, files.updated_at_ms AS updatedAtMs`

/** The owner of a name, if the viewer may know: D3's predicate, part of every statement about files. */
const visibleOwner = 'accounts.name = :owner AND (:seesAll OR accounts.id = :viewerId)'

type Queries = 'files.find' | 'files.list'
type Commands = 'files.commit' | 'files.delete'

interface Owner {
  id: string
  quotaBytes: number
  usedBytes: number
}

function scopeOf(viewer: Viewer, key: { owner: string | null }) {
  return { viewerId: viewer.accountId, seesAll: viewer.seesAll ? 1 : 0, owner: key.owner }
}

export function fileQueries(connection: Connection): Handlers<Queries> {
  const find = finding(connection)
  return {
    'files.find': (viewer, key) => find(viewer, key) ?? null,
    'files.list': listing(connection),
  }
}

function finding(connection: Connection) {
  const find = connection.prepare<[object], StoredFile>(`
    SELECT ${columns} FROM accounts JOIN files ON files.owner_id = accounts.id
    WHERE ${visibleOwner} AND files.path = :path`)
  return (viewer: Viewer, key: FileKey) => find.get({ ...scopeOf(viewer, key), path: key.path })
}

/**
 * Owners in order of name, and of each the paths in order: CROSS JOIN keeps the owners outermost, so that every page
 * seeks its first row in an index and reads on from there.
 */
function listing(connection: Connection): Handlers<Queries>['files.list'] {
  const prepare = (owners: string) =>
    connection.prepare<[object], StoredFile>(`
      SELECT ${columns} FROM accounts CROSS JOIN files ON files.owner_id = accounts.id
      WHERE ${owners} AND accounts.name >= :afterOwner
        AND files.path >= CASE accounts.name WHEN :afterOwner THEN :afterFrom ELSE :from END
        AND files.path < :to
      ORDER BY accounts.name, files.path LIMIT :limit`)
  const own = prepare('accounts.id = :viewerId AND (:owner IS NULL OR accounts.name = :owner)')
  const ofOwner = prepare('accounts.name = :owner AND :seesAll')
  const ofAll = prepare(':seesAll')
  return (viewer, args) => {
    const ofOthers = args.owner === null ? ofAll : ofOwner
    const statement = viewer.seesAll ? ofOthers : own
    return statement.all({ ...scopeOf(viewer, args), ...boundsOf(args) })
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

export function fileCommands(connection: Connection): Handlers<Commands> {
  return { 'files.commit': committing(connection), 'files.delete': deleting(connection) }
}

function committing(connection: Connection): Handlers<Commands>['files.commit'] {
  const findOwner = connection.prepare<[object], Owner>(`
    SELECT id, quota_bytes AS quotaBytes, used_bytes AS usedBytes FROM accounts
    WHERE ${visibleOwner}`)
  const find = finding(connection)
  const put = connection.prepare<[object]>(`
    INSERT INTO files
      (owner_id, path, id, size_bytes, sha256, content_type, version, created_at_ms, updated_at_ms)
    VALUES
      (:ownerId, :path, :id, :sizeBytes, :sha256, :contentType, :version, :createdAtMs, :updatedAtMs)
    ON CONFLICT DO UPDATE SET
      size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
      content_type = excluded.content_type, version = excluded.version,
      updated_at_ms = excluded.updated_at_ms`)
  const use = using(connection)
  const references = new BlobReferences(connection)
  return (viewer, args) => {
    const owner = findOwner.get(scopeOf(viewer, args.key))
    if (owner === undefined) throw new AppError('not_found', 'there is no such file')
    const current = find(viewer, args.key)
    requireCondition(args.condition, current)
    const grownBytes = args.sizeBytes - (current?.sizeBytes ?? 0)
    if (owner.usedBytes + grownBytes > owner.quotaBytes)
      throw new AppError('quota_exceeded', 'the quota of the account does not allow this file')
    references.acquire(args)
    if (current !== undefined) references.release(current.sha256, args.nowMs)
    const file = fileAfter(args, current)
    put.run({ ...file, ownerId: owner.id })
    use(owner.id, grownBytes)
    return { file, created: current === undefined }
  }
}

function deleting(connection: Connection): Handlers<Commands>['files.delete'] {
  const find = finding(connection)
  const remove = connection
    .prepare<[object], string>(
      `DELETE FROM files WHERE path = :path AND owner_id = (
        SELECT id FROM accounts WHERE ${visibleOwner})
      RETURNING owner_id`,
    )
    .pluck()
  const use = using(connection)
  const references = new BlobReferences(connection)
  return (viewer, { key, condition, nowMs }) => {
    const file = find(viewer, key)
    if (file === undefined) throw new AppError('not_found', 'there is no such file')
    requireCondition(condition, file)
    const ownerId = remove.get({ ...scopeOf(viewer, key), path: key.path })!
    references.release(file.sha256, nowMs)
    use(ownerId, -file.sizeBytes)
    return file
  }
}

function using(connection: Connection) {
  const update = connection.prepare<[number, string]>(
    'UPDATE accounts SET used_bytes = used_bytes + ? WHERE id = ?',
  )
  return (accountId: string, grownBytes: number) => {
    update.run(grownBytes, accountId)
  }
}
