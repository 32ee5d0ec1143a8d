import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { NewUpload } from '../../domain/upload'
import type { Handlers } from '../operations'
import { requireJoinable, tooManyUploads } from '../upload-rules'
import type { Connection } from './connection'
import { Reservations } from './reservations'
import { Rights } from './rights'
import { accountIdFinder, rowFinder } from './row-finder'
import { isSenders, uploadFinder, uploadOf } from './upload-row'

export function beginning(connection: Connection): Handlers<'uploads.begin'>['uploads.begin'] {
  const requirePlace = placing(connection)
  const join = joining(connection)
  const insert = inserting(connection)
  const find = uploadFinder(connection)
  const reservations = new Reservations(connection)
  const openOf = connection
    .prepare<[object], number>(
      `SELECT count(*) FROM uploads WHERE ${isSenders} AND kind <> 'put' AND outcome IS NULL`,
    )
    .pluck()
  return (viewer, args) => {
    const ownerId = requirePlace(viewer, args)
    join(viewer, args)
    const { accountId, linkId } = viewer
    if (args.kind !== 'put' && openOf.get({ accountId, linkId })! >= args.openMax)
      throw tooManyUploads(args.openMax)
    insert(viewer, ownerId, args)
    reservations.grow({ id: args.id, ownerId, path: args.key.path, reservedBytes: 0 }, args)
    return uploadOf(find(viewer, args.id))
  }
}

/** @returns the id of the owner. @throws {AppError} `not_found`, `forbidden`. */
function placing(connection: Connection) {
  const idOf = accountIdFinder(connection)
  const findRow = rowFinder(connection)
  const rights = new Rights(connection)
  return (viewer: Viewer, { key }: NewUpload): string => {
    const ownerId = idOf(key.owner)
    if (ownerId === undefined) throw new AppError('not_found', 'there is no such file')
    const fileId = findRow(key)?.id ?? null
    // Who comes by a link replaces nothing: where the path is taken, the file gets another.
    const needed = fileId === null || viewer.linkId !== null ? 'add' : 'edit'
    rights.require(viewer, { ownerId, fileId, path: key.path }, needed)
    return ownerId
  }
}

/** Parts become the new upload's: their rows go, and with them what they reserved. */
function joining(connection: Connection) {
  const find = uploadFinder(connection)
  const reservations = new Reservations(connection)
  return (viewer: Viewer, { parts, nowMs }: NewUpload) => {
    for (const part of parts ?? []) {
      const row = find(viewer, part.id)
      requireJoinable(uploadOf(row), part, nowMs)
      reservations.remove(row)
    }
  }
}

function inserting(connection: Connection) {
  const statement = connection.prepare<[object]>(`
    INSERT INTO uploads
      (id, kind, account_id, link_id, owner_id, path, length_bytes, offset_bytes, reserved_bytes,
        content_type, metadata, condition, parts, lease_holder, lease_epoch, lease_until_ms,
        created_at_ms, expires_at_ms)
    VALUES
      (:id, :kind, :accountId, :linkId, :ownerId, :path, :lengthBytes, :offsetBytes, 0,
        :contentType, :metadata, :condition, :parts, :leaseHolder, 1, :leaseUntilMs, :nowMs,
        :expiresAtMs)`)
  return ({ accountId, linkId }: Viewer, ownerId: string, args: NewUpload) => {
    const { id, kind, key, lengthBytes, contentType, leaseHolder, leaseUntilMs, nowMs } = args
    statement.run({
      ...{ id, kind, accountId, linkId, ownerId, path: key.path, lengthBytes, contentType },
      ...{ leaseHolder, leaseUntilMs, nowMs, expiresAtMs: args.expiresAtMs },
      offsetBytes: args.parts === null ? 0 : lengthBytes,
      metadata: JSON.stringify(args.metadata),
      condition: JSON.stringify(args.condition),
      parts: args.parts === null ? null : JSON.stringify(args.parts),
    })
  }
}
