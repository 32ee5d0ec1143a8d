import type { FileCommit } from '../domain/database'
import { AppError } from '../domain/errors'
import { conditionHolds, etagOf, type FileCondition, type StoredFile } from '../domain/file'

/** @throws {AppError} `precondition_failed`. */
export function requireCondition(condition: FileCondition, current: StoredFile | undefined): void {
  if (conditionHolds(condition, current === undefined ? null : etagOf(current.sha256))) return
  throw new AppError('precondition_failed', 'the file is not what the condition says')
}

/** What a commit makes of the file that was there, if any. */
export function fileAfter(commit: FileCommit, current: StoredFile | undefined): StoredFile {
  return {
    id: current?.id ?? commit.id,
    owner: commit.key.owner,
    path: commit.key.path,
    sizeBytes: commit.sizeBytes,
    sha256: commit.sha256,
    contentType: commit.contentType,
    version: (current?.version ?? 0) + 1,
    createdAtMs: current?.createdAtMs ?? commit.nowMs,
    updatedAtMs: commit.nowMs,
  }
}
