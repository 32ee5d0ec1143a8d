import { roomOf as roomOfAccount } from '../../domain/account'
import { keepsReplaced, type Replacement } from '../file-rules'
import { releaseBlobs } from './blobs'
import { versionKeyOf, type FileRow, type Tables, type VersionRow } from './document'

/** Keeps what a commit replaced, as far as the policy and the quota allow; the oldest versions go first. */
export function keepVersion(tables: Tables, replaced: FileRow, commit: Replacement): void {
  const { id: fileId, ownerId } = replaced
  const { nowMs, versionsKept } = commit
  if (keepsReplaced(commit)) addVersion(tables, replaced, nowMs)
  const kept = versionsOf(tables, fileId)
  while (kept.length > versionsKept) dropVersion(tables, kept.shift()!, nowMs)
  while (roomOf(tables, ownerId) < 0 && kept.length > 0) dropVersion(tables, kept.shift()!, nowMs)
}

function addVersion(tables: Tables, replaced: FileRow, nowMs: number): void {
  const { id: fileId, version, ownerId, sizeBytes, etag, sha256, extents, contentType } = replaced
  const content = { sizeBytes, etag, sha256, extents, contentType }
  const times = { createdAtMs: replaced.updatedAtMs, replacedAtMs: nowMs }
  const row: VersionRow = { fileId, version, ownerId, ...content, ...times }
  tables.versions.set(versionKeyOf(row), row)
  tables.accounts.get(ownerId)!.versionBytes += sizeBytes
}

/** Oldest first. */
export function versionsOf(tables: Tables, fileId: string): VersionRow[] {
  return [...tables.versions.values()]
    .filter((row) => row.fileId === fileId)
    .sort((a, b) => a.version - b.version)
}

/** Lets all of a file's earlier versions go. */
export function dropVersions(tables: Tables, fileId: string, nowMs: number): void {
  for (const row of versionsOf(tables, fileId)) dropVersion(tables, row, nowMs)
}

export function roomOf(tables: Tables, ownerId: string): number {
  return roomOfAccount(tables.accounts.get(ownerId)!)
}

export function dropVersion(tables: Tables, row: VersionRow, nowMs: number): void {
  tables.versions.delete(versionKeyOf(row))
  releaseBlobs(tables, row, nowMs)
  tables.accounts.get(row.ownerId)!.versionBytes -= row.sizeBytes
}
