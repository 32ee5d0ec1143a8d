import { isAppError } from '../../domain/errors'
import type { Handlers } from '../operations'
import { leaseLost, requireAcquirable } from '../upload-rules'
import type { Connection } from './connection'
import { Reservations } from './reservations'
import { beginning } from './upload-begin'
import {
  draftsOf,
  isSenders,
  uploadColumns,
  uploadFinder,
  uploadOf,
  uploadTables,
  type UploadRow,
} from './upload-row'

type Queries = 'uploads.find' | 'uploads.list' | 'uploads.draftsInUse'
type Commands =
  | 'uploads.begin'
  | 'uploads.acquire'
  | 'uploads.advance'
  | 'uploads.extend'
  | 'uploads.abandon'
  | 'uploads.terminate'
  | 'uploads.expire'

export function uploadQueries(connection: Connection): Handlers<Queries> {
  const find = uploadFinder(connection)
  const list = connection.prepare<[object], UploadRow>(`
    SELECT ${uploadColumns} FROM ${uploadTables}
    WHERE ${isSenders} AND kind <> 'put' AND outcome IS NULL
    ORDER BY uploads.created_at_ms, uploads.id LIMIT :limit`)
  const inUse = draftsInUse(connection)
  return {
    'uploads.find': (viewer, id) => nullIfAbsent(() => uploadOf(find(viewer, id))),
    'uploads.list': ({ accountId, linkId }, { limit }) =>
      list.all({ accountId, linkId, limit }).map(uploadOf),
    'uploads.draftsInUse': inUse,
  }
}

export function uploadCommands(connection: Connection): Handlers<Commands> {
  return {
    'uploads.begin': beginning(connection),
    'uploads.acquire': acquiring(connection),
    'uploads.advance': advancing(connection),
    'uploads.extend': extending(connection),
    'uploads.abandon': abandoning(connection),
    'uploads.terminate': terminating(connection),
    'uploads.expire': expiring(connection),
  }
}

/** Uploads that wait for nothing but to be asked about need no draft any more. */
export function draftsInUse(connection: Connection): (names: readonly string[]) => string[] {
  const statement = connection
    .prepare<[string], string>(
      `SELECT name.value FROM json_each(?) AS name
      WHERE EXISTS (SELECT * FROM uploads WHERE id = name.value AND outcome IS NULL)
        OR EXISTS (
          SELECT * FROM uploads, json_each(uploads.parts) AS part
          WHERE uploads.kind = 'joined' AND uploads.outcome IS NULL
            AND json_extract(part.value, '$.id') = name.value)`,
    )
    .pluck()
  return (names) => statement.all(JSON.stringify(names))
}

/** While nothing else has the data open. @returns how many uploads of single requests were ended. */
export function abandonRequests(connection: Connection): number {
  const find = connection.prepare<[], UploadRow>(`
    SELECT id, owner_id AS ownerId, reserved_bytes AS reservedBytes FROM uploads
    WHERE kind = 'put'`)
  const reservations = new Reservations(connection)
  const abandon = connection.transaction(() => {
    const rows = find.all()
    for (const row of rows) reservations.remove(row)
    return rows.length
  })
  return abandon.immediate()
}

function nullIfAbsent<T>(find: () => T): T | null {
  try {
    return find()
  } catch (error) {
    if (isAppError(error, 'not_found')) return null
    throw error
  }
}

function acquiring(connection: Connection): Handlers<Commands>['uploads.acquire'] {
  const find = uploadFinder(connection)
  const reservations = new Reservations(connection)
  const take = connection.prepare<[object]>(`
    UPDATE uploads SET length_bytes = :lengthBytes, lease_holder = :holder,
      lease_epoch = lease_epoch + 1, lease_until_ms = :leaseUntilMs
    WHERE id = :id`)
  return (viewer, args) => {
    const row = find(viewer, args.id)
    const upload = uploadOf(row)
    requireAcquirable(upload, args)
    const { id, holder, leaseUntilMs } = args
    const lengthBytes = args.lengthBytes ?? row.lengthBytes
    const asked = { neededBytes: args.lengthBytes ?? 0, wantedBytes: args.lengthBytes ?? 0 }
    const reservedBytes =
      args.lengthBytes === null ? row.reservedBytes : reservations.grow(row, asked)
    take.run({ id, holder, leaseUntilMs, lengthBytes })
    return { ...upload, lengthBytes, reservedBytes, leaseEpoch: row.leaseEpoch + 1 }
  }
}

function advancing(connection: Connection): Handlers<Commands>['uploads.advance'] {
  const advance = connection.prepare<[object]>(`
    UPDATE uploads SET offset_bytes = :toBytes, hash_state = :hashState,
      lease_holder = CASE WHEN :leaseUntilMs IS NULL THEN NULL ELSE lease_holder END,
      lease_until_ms = coalesce(:leaseUntilMs, 0), expires_at_ms = :expiresAtMs
    WHERE id = :id AND lease_epoch = :leaseEpoch AND lease_holder IS NOT NULL
      AND offset_bytes = :fromBytes AND outcome IS NULL`)
  return (args) => {
    if (advance.run(args).changes === 0) throw leaseLost()
  }
}

function extending(connection: Connection): Handlers<Commands>['uploads.extend'] {
  const renew = connection.prepare<[object], UploadRow>(`
    UPDATE uploads SET lease_until_ms = :leaseUntilMs, expires_at_ms = :expiresAtMs
    WHERE id = :id AND lease_epoch = :leaseEpoch AND lease_holder IS NOT NULL AND outcome IS NULL
    RETURNING id, owner_id AS ownerId, path, reserved_bytes AS reservedBytes`)
  const reservations = new Reservations(connection)
  return ({ id, leaseEpoch, leaseUntilMs, expiresAtMs, ...asked }) => {
    const row = renew.get({ id, leaseEpoch, leaseUntilMs, expiresAtMs })
    if (row === undefined) throw leaseLost()
    return reservations.grow(row, asked)
  }
}

function abandoning(connection: Connection): Handlers<Commands>['uploads.abandon'] {
  const find = connection.prepare<[object], UploadRow>(`
    SELECT id, owner_id AS ownerId, reserved_bytes AS reservedBytes FROM uploads
    WHERE id = :id AND lease_epoch = :leaseEpoch AND kind = 'put'`)
  const reservations = new Reservations(connection)
  return (args) => {
    const row = find.get(args)
    if (row !== undefined) reservations.remove(row)
  }
}

function terminating(connection: Connection): Handlers<Commands>['uploads.terminate'] {
  const find = uploadFinder(connection)
  const reservations = new Reservations(connection)
  return (viewer, id) => {
    const row = find(viewer, id)
    reservations.remove(row)
    return draftsOf(row)
  }
}

function expiring(connection: Connection): Handlers<Commands>['uploads.expire'] {
  const due = connection.prepare<[object], UploadRow>(`
    SELECT ${uploadColumns} FROM ${uploadTables}
    WHERE uploads.expires_at_ms <= :nowMs ORDER BY uploads.expires_at_ms LIMIT :limit`)
  const reservations = new Reservations(connection)
  return (args) => {
    const rows = due.all(args)
    for (const row of rows) reservations.remove(row)
    return { ended: rows.length, drafts: rows.flatMap(draftsOf) }
  }
}
