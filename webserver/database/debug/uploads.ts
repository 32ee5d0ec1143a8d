import type { Viewer } from '../../domain/account'
import type { FileCommit } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import {
  outcomeOf,
  type NewUpload,
  type UploadAcquisition,
  type UploadAdvance,
  type UploadExtension,
  type UploadSession,
} from '../../domain/upload'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import {
  leaseLost,
  requireAcquirable,
  requireJoinable,
  reservationOf,
  tooManyUploads,
} from '../upload-rules'
import { findByName } from './accounts'
import { fileKeyOf, type Tables, type UploadRow } from './document'
import { roomOf, versionsOf } from './earlier-versions'
import { requireRight, rightToFile } from './rights'

type Operations =
  | 'uploads.find'
  | 'uploads.list'
  | 'uploads.draftsInUse'
  | 'uploads.begin'
  | 'uploads.acquire'
  | 'uploads.advance'
  | 'uploads.extend'
  | 'uploads.abandon'
  | 'uploads.terminate'
  | 'uploads.expire'

export function uploadHandlers(tables: Tables): Handlers<Operations> {
  return {
    'uploads.find': (viewer, id) => {
      const row = tables.uploads.get(id)
      return row !== undefined && isSenders(viewer, row) ? withoutOwnerId(row) : null
    },
    'uploads.list': (viewer, { limit }) =>
      openOf(tables, viewer)
        .sort((a, b) => a.createdAtMs - b.createdAtMs || compareByCodePoint(a.id, b.id))
        .slice(0, limit)
        .map(withoutOwnerId),
    'uploads.draftsInUse': (names) => draftsInUse(tables, names),
    'uploads.begin': (viewer, args) => begin(tables, viewer, args),
    'uploads.acquire': (viewer, args) => acquire(tables, viewer, args),
    'uploads.advance': (args) => advance(tables, args),
    'uploads.extend': (args) => extend(tables, args),
    'uploads.abandon': ({ id, leaseEpoch }) => {
      const row = tables.uploads.get(id)
      if (row?.kind === 'put' && row.leaseEpoch === leaseEpoch) drop(tables, row)
    },
    'uploads.terminate': (viewer, id) => {
      const row = requireOwn(tables, viewer, id)
      drop(tables, row)
      return draftsOf(row)
    },
    'uploads.expire': ({ nowMs, limit }) => {
      const due = [...tables.uploads.values()]
        .filter(({ expiresAtMs }) => expiresAtMs <= nowMs)
        .sort((a, b) => a.expiresAtMs - b.expiresAtMs)
        .slice(0, limit)
      for (const row of due) drop(tables, row)
      return { ended: due.length, drafts: due.flatMap(draftsOf) }
    },
  }
}

/** Ends the upload that a commit completes; what it reserved is the commit's to take over. */
export function endUpload(
  tables: Tables,
  upload: FileCommit['upload'],
  { file, created }: { file: StoredFile; created: boolean },
): void {
  if (upload === null) return
  const row = tables.uploads.get(upload.id)!
  if (row.kind === 'put') tables.uploads.delete(row.id)
  else
    Object.assign(row, {
      outcome: outcomeOf(file, created),
      lengthBytes: file.sizeBytes,
      offsetBytes: file.sizeBytes,
      reservedBytes: 0,
      hashState: null,
      leaseHolder: null,
      leaseUntilMs: 0,
    } satisfies Partial<UploadRow>)
}

/** Uploads that wait for nothing but to be asked about need no draft any more. */
export function draftsInUse(tables: Tables, names: readonly string[]): string[] {
  const rows = [...tables.uploads.values()].filter(({ outcome }) => outcome === null)
  const needed = new Set(rows.flatMap((row) => [row.id, ...draftsOf(row)]))
  return names.filter((name) => needed.has(name))
}

/** @returns how many uploads of single requests were ended. */
export function abandonRequests(tables: Tables): number {
  const rows = [...tables.uploads.values()].filter(({ kind }) => kind === 'put')
  for (const row of rows) drop(tables, row)
  return rows.length
}

function begin(tables: Tables, viewer: Viewer, args: NewUpload): UploadSession {
  const ownerId = requirePlace(tables, viewer, args)
  const parts = (args.parts ?? []).map((part) => {
    const row = requireOwn(tables, viewer, part.id)
    requireJoinable(row, part, args.nowMs)
    return row
  })
  const isCounted = args.kind !== 'put'
  if (isCounted && openOf(tables, viewer).length - parts.length >= args.openMax)
    throw tooManyUploads(args.openMax)
  const freed = parts.filter((row) => row.ownerId === ownerId)
  const freedBytes = freed.reduce((sum, { reservedBytes }) => sum + reservedBytes, 0)
  const row = rowOf(viewer, ownerId, args)
  const reservedBytes = reserve(tables, row, args, freedBytes)

  for (const part of parts) drop(tables, part)
  tables.accounts.get(ownerId)!.reservedBytes += reservedBytes
  tables.uploads.set(row.id, { ...row, reservedBytes })
  return withoutOwnerId({ ...row, reservedBytes })
}

function requirePlace(tables: Tables, viewer: Viewer, { key }: NewUpload): string {
  const owner = findByName(tables, key.owner)
  if (owner === undefined) throw new AppError('not_found', 'there is no such file')
  const fileId = tables.files.get(fileKeyOf(key))?.id ?? null
  const place = { ownerId: owner.id, fileId, path: key.path }
  // Who comes by a link replaces nothing: where the path is taken, the file gets another.
  const needed = fileId === null || viewer.linkId !== null ? 'add' : 'edit'
  requireRight(rightToFile(tables, viewer, place), needed)
  return owner.id
}

function rowOf({ accountId, linkId }: Viewer, ownerId: string, args: NewUpload): UploadRow {
  const { id, kind, key, lengthBytes, contentType, metadata, condition, parts } = args
  return {
    ...{ id, kind, accountId, linkId, owner: key.owner, ownerId, path: key.path, lengthBytes },
    ...{ contentType, metadata, condition, parts },
    offsetBytes: parts === null ? 0 : lengthBytes!,
    reservedBytes: 0,
    hashState: null,
    leaseHolder: args.leaseHolder,
    leaseEpoch: 1,
    leaseUntilMs: args.leaseUntilMs,
    createdAtMs: args.nowMs,
    expiresAtMs: args.expiresAtMs,
    outcome: null,
  }
}

function acquire(tables: Tables, viewer: Viewer, args: UploadAcquisition): UploadSession {
  const row = requireOwn(tables, viewer, args.id)
  requireAcquirable(row, args)
  if (args.lengthBytes !== null) {
    const asked = { neededBytes: args.lengthBytes, wantedBytes: args.lengthBytes }
    grow(tables, row, asked)
  }
  const before = { leaseHolder: row.leaseHolder, leaseUntilMs: row.leaseUntilMs }
  row.lengthBytes = args.lengthBytes ?? row.lengthBytes
  row.leaseEpoch += 1
  row.leaseHolder = args.holder
  row.leaseUntilMs = args.leaseUntilMs
  return { ...withoutOwnerId(row), ...before }
}

function advance(tables: Tables, args: UploadAdvance): void {
  const row = requireHeld(tables, args)
  if (row.offsetBytes !== args.fromBytes) throw leaseLost()
  row.offsetBytes = args.toBytes
  row.hashState = args.hashState
  row.expiresAtMs = args.expiresAtMs
  row.leaseUntilMs = args.leaseUntilMs ?? 0
  if (args.leaseUntilMs === null) row.leaseHolder = null
}

function extend(tables: Tables, args: UploadExtension): number {
  const row = requireHeld(tables, args)
  grow(tables, row, args)
  row.leaseUntilMs = args.leaseUntilMs
  row.expiresAtMs = args.expiresAtMs
  return row.reservedBytes
}

type Asked = { neededBytes: number; wantedBytes: number }

function grow(tables: Tables, row: UploadRow, asked: Asked): void {
  const reservedBytes = reserve(tables, row, asked)
  tables.accounts.get(row.ownerId)!.reservedBytes += reservedBytes - row.reservedBytes
  row.reservedBytes = reservedBytes
}

/** @param freedBytes what the same command gives back. @throws {AppError} `quota_exceeded`. */
function reserve(tables: Tables, row: UploadRow, asked: Asked, freedBytes = 0): number {
  const file = tables.files.get(fileKeyOf(row))
  const replaced = file === undefined ? [] : [file, ...versionsOf(tables, file.id)]
  return reservationOf({
    neededBytes: asked.neededBytes,
    wantedBytes: asked.wantedBytes,
    reservedBytes: row.reservedBytes,
    roomBytes: roomOf(tables, row.ownerId) + freedBytes,
    replacedBytes: replaced.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  })
}

function requireHeld(
  tables: Tables,
  { id, leaseEpoch }: { id: string; leaseEpoch: number },
): UploadRow {
  const row = tables.uploads.get(id)
  const isHeld = row?.leaseEpoch === leaseEpoch && row.leaseHolder !== null
  if (isHeld && row.outcome === null) return row
  throw leaseLost()
}

function requireOwn(tables: Tables, viewer: Viewer, id: string): UploadRow {
  const row = tables.uploads.get(id)
  if (row !== undefined && isSenders(viewer, row)) return row
  throw new AppError('not_found', 'there is no such upload')
}

function isSenders({ accountId, linkId }: Viewer, row: UploadRow): boolean {
  return row.accountId === accountId && row.linkId === linkId
}

function openOf(tables: Tables, viewer: Viewer): UploadRow[] {
  return [...tables.uploads.values()].filter(
    (row) => isSenders(viewer, row) && row.kind !== 'put' && row.outcome === null,
  )
}

function drop(tables: Tables, row: UploadRow): void {
  tables.uploads.delete(row.id)
  tables.accounts.get(row.ownerId)!.reservedBytes -= row.reservedBytes
}

function draftsOf({ id, parts }: UploadRow): string[] {
  return parts?.map((part) => part.id) ?? [id]
}

function withoutOwnerId({ ownerId: _, ...upload }: UploadRow): UploadSession {
  return upload
}
