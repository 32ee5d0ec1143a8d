import type { FileCommit } from '../domain/database'
import { AppError } from '../domain/errors'
import { conditionHolds, type FileCondition, type StoredFile } from '../domain/file'
import type { FileVersion } from '../domain/version'

/** @throws {AppError} `precondition_failed`. */
export function requireCondition(condition: FileCondition, current: StoredFile | undefined): void {
  if (conditionHolds(condition, current?.etag ?? null)) return
  throw new AppError('precondition_failed', 'the file is not what the condition says')
}

/** What a commit makes of the file that was there, if any. */
export function fileAfter(commit: FileCommit, current: StoredFile | undefined): StoredFile {
  return {
    id: current?.id ?? commit.id,
    owner: commit.key.owner,
    path: commit.key.path,
    sizeBytes: commit.sizeBytes,
    etag: commit.etag,
    sha256: commit.sha256,
    extents: commit.extents,
    contentType: commit.contentType,
    metadata: commit.metadata ?? current?.metadata ?? {},
    metaVersion: current?.metaVersion ?? 1,
    version: (current?.version ?? 0) + 1,
    createdAtMs: current?.createdAtMs ?? commit.nowMs,
    updatedAtMs: commit.nowMs,
  }
}

/** The file as it was: what is not kept with a version is as it is now. */
export function fileInVersion(current: StoredFile, earlier: FileVersion): StoredFile {
  const { createdAtMs: updatedAtMs, ...version } = earlier
  return { ...current, ...version, updatedAtMs }
}

/** What the current file becomes when an earlier version is committed anew. */
export function restored(current: StoredFile, earlier: FileVersion, nowMs: number): StoredFile {
  const version = current.version + 1
  return { ...fileInVersion(current, earlier), version, updatedAtMs: nowMs }
}

/** @throws {AppError} `conflict`: what is current can be neither restored nor let go as a version. */
export function refuseCurrent(current: Pick<StoredFile, 'version'>, version: number): void {
  if (current.version !== version) return
  throw new AppError('conflict', `version ${version} is the current one`, { field: 'version' })
}

/** @throws {AppError} `conflict`: a file is where another should come back. */
export function refuseTaken(): never {
  throw new AppError('conflict', 'there is a file at this path', { field: 'path' })
}
