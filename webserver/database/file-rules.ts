import { blobsOf, extentsOf, type Content } from '../domain/content'
import type { FileCommit } from '../domain/database'
import { AppError } from '../domain/errors'
import { conditionHolds, numberedPath, type FileCondition, type StoredFile } from '../domain/file'
import type { FileVersion } from '../domain/version'

/** @throws {AppError} `precondition_failed`. */
export function requireCondition(condition: FileCondition, current: StoredFile | undefined): void {
  if (conditionHolds(condition, current?.etag ?? null)) return
  throw new AppError('precondition_failed', 'the file is not what the condition says')
}

/**
 * The path itself when nothing is there, or else with a number that is free. Numbers are tried in doubling steps and then
 * halved, so that thousands of files of one name cost a few looks.
 */
export function freePath(path: string, isTaken: (path: string) => boolean): string {
  if (!isTaken(path)) return path
  let taken = 1
  let free = 2
  while (isTaken(numberedPath(path, free))) {
    taken = free
    free *= 2
  }
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2)
    if (isTaken(numberedPath(path, middle))) taken = middle
    else free = middle
  }
  return numberedPath(path, free)
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
    contentType: contentTypeAfter(commit, current),
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

/** @throws {AppError} `unavailable` when what a commit takes over of the file's content is no longer there to take. */
export function requireRetained({ amendment }: FileCommit, current: StoredFile | undefined): void {
  const held = new Set(current === undefined ? [] : blobsOf(current))
  if (amendment?.retained.every((sha256) => held.has(sha256)) ?? true) return
  throw new AppError('unavailable', 'the content was laid out anew: read it again', {
    field: 'extents',
    retryAfterS: 1,
  })
}

/** What is made out of a content stays of its type, whatever that has become meanwhile. */
function contentTypeAfter(commit: FileCommit, current: StoredFile | undefined): string {
  if (commit.amendment === undefined || current === undefined) return commit.contentType
  return current.contentType
}

/** What blobs are referred to for the sake of these extents. */
type Uses = Pick<Content, 'sha256' | 'extents'>

/** The uses of blobs that a commit adds and lets go. What is taken over of a content that is not kept is neither. */
export function usesChangedBy(
  commit: FileCommit,
  current: StoredFile | undefined,
): { gained: Uses; lost: Uses } {
  const none = { sha256: null, extents: [] }
  if (current === undefined || keepsReplaced(commit)) return { gained: commit, lost: none }
  return { gained: without(commit, current), lost: without(current, commit) }
}

/** What decides which earlier versions there are afterwards. */
export type Replacement = Pick<FileCommit, 'nowMs' | 'versionsKept' | 'amendment'>

export function keepsReplaced({ amendment }: Pick<FileCommit, 'amendment'>): boolean {
  return amendment?.keepsReplaced ?? true
}

/** The uses that the other has not as well, each as often as it has it not. */
function without(content: Content, other: Content): Uses {
  const left = [...blobsOf(other)]
  const extents = extentsOf(content).filter(({ sha256 }) => {
    const at = left.indexOf(sha256)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
  return { sha256: null, extents }
}
