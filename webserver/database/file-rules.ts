import type { FileCommit } from '../domain/database'
import { AppError } from '../domain/errors'
import { conditionHolds, type FileCondition, type StoredFile } from '../domain/file'

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
