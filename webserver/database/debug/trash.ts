import type { Viewer } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import type { TrashListing, TrashPosition, TrashRestoration, TrashedFile } from '../../domain/trash'
import { refuseTaken } from '../file-rules'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import { findByName } from './accounts'
import { releaseBlobs } from './blobs'
import { fileKeyOf, type Tables, type TrashRow } from './document'
import { forgetFile, takeAway } from './files'

type Operations = 'trash.list' | 'trash.restore' | 'trash.delete' | 'trash.empty' | 'trash.purge'

export function trashHandlers(tables: Tables): Handlers<Operations> {
  return {
    'trash.list': (viewer, args) => list(tables, viewer, args),
    'trash.restore': (viewer, args) => restore(tables, viewer, args),
    'trash.delete': (viewer, { id, nowMs }) =>
      discard(tables, requireRow(tables, viewer, id), nowMs),
    'trash.empty': (viewer, { owner, deletedUntilMs, nowMs, limit }) => {
      const rows = trashOf(tables, viewer, owner).filter((row) => row.deletedAtMs <= deletedUntilMs)
      return discardOldest(tables, rows, { nowMs, limit })
    },
    'trash.purge': ({ deletedBeforeMs, nowMs, limit }) => {
      const rows = [...tables.trash.values()].filter((row) => row.deletedAtMs < deletedBeforeMs)
      return discardOldest(tables, rows, { nowMs, limit })
    },
  }
}

function list(tables: Tables, viewer: Viewer, { owner, after, limit }: TrashListing) {
  return trashOf(tables, viewer, owner)
    .filter((row) => after === null || compareAges(row, after) > 0)
    .sort(compareAges)
    .slice(0, limit)
    .map(trashedOf)
}

function restore(tables: Tables, viewer: Viewer, args: TrashRestoration): StoredFile {
  const row = requireRow(tables, viewer, args.id)
  const { deletedAtMs: _, ...trashed } = trashedOf(row)
  const file = { ...trashed, path: args.path ?? row.path, updatedAtMs: args.nowMs }
  const there = tables.files.get(fileKeyOf(file))
  if (there !== undefined && !args.overwrite) refuseTaken()

  if (there !== undefined) takeAway(tables, there, args)
  take(tables, row)
  tables.files.set(fileKeyOf(file), { ...file, ownerId: row.ownerId })
  tables.accounts.get(row.ownerId)!.usedBytes += file.sizeBytes
  return file
}

/** Everything in an owner's trash, as far as the viewer may see it. */
function trashOf(tables: Tables, viewer: Viewer, owner: string): TrashRow[] {
  const ownerId = findByName(tables, owner)?.id
  if (ownerId === undefined || !owns(viewer, ownerId)) return []
  return [...tables.trash.values()].filter((row) => row.ownerId === ownerId)
}

function requireRow(tables: Tables, viewer: Viewer, id: string): TrashRow {
  const row = tables.trash.get(id)
  if (row !== undefined && owns(viewer, row.ownerId)) return row
  throw new AppError('not_found', 'there is no such file in the trash')
}

function owns({ accountId, seesAll }: Viewer, ownerId: string): boolean {
  return seesAll || accountId === ownerId
}

function discardOldest(
  tables: Tables,
  rows: TrashRow[],
  { nowMs, limit }: { nowMs: number; limit: number },
): number {
  const chosen = rows.sort((a, b) => compareAges(b, a)).slice(0, limit)
  for (const row of chosen) discard(tables, row, nowMs)
  return chosen.length
}

function discard(tables: Tables, row: TrashRow, nowMs: number): void {
  take(tables, row)
  releaseBlobs(tables, row, nowMs)
  forgetFile(tables, row.id, nowMs)
}

function take(tables: Tables, { id, ownerId, sizeBytes }: TrashRow): void {
  tables.trash.delete(id)
  tables.accounts.get(ownerId)!.trashBytes -= sizeBytes
}

/** Last deleted first. */
function compareAges(a: TrashPosition, b: TrashPosition): number {
  return b.deletedAtMs - a.deletedAtMs || compareByCodePoint(b.id, a.id)
}

function trashedOf({ ownerId: _, ...row }: TrashRow): TrashedFile {
  return row
}
