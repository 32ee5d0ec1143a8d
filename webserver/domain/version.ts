import type { Viewer } from './account'
import type { Content } from './content'
import type { FileCondition, FileKey, StoredFile } from './file'

/** What a file holds, or held before it was replaced. */
export interface FileVersion extends Content {
  version: number
  contentType: string
  createdAtMs: number
}

/** The versions of the files that there are; those of a file in the trash wait until it comes back. */
export interface VersionRecords {
  /**
   * Newest first, the current one among them: at most `limit` below the version `before`. `null` for what the viewer may
   * not know exists.
   */
  list(viewer: Viewer, args: VersionListing): Promise<FileVersion[] | null>
  /** The file as it is or was in that version; `null` when there is none, or the viewer may not know. */
  find(viewer: Viewer, args: VersionKey): Promise<StoredFile | null>
  /**
   * Commits an earlier version's content anew, by reference: it becomes the next version, and what it replaces is kept
   * as by any commit.
   * @throws `not_found`; `forbidden` without the right to edit; `precondition_failed`; `conflict` when it is the current
   * one; `quota_exceeded`.
   */
  restore(viewer: Viewer, args: VersionRestoration): Promise<StoredFile>
  /** Lets one earlier version go. @throws `not_found`; `forbidden` without the right to manage; `conflict` when it is the current one. */
  delete(viewer: Viewer, args: VersionKey & { nowMs: number }): Promise<void>
  /** Lets versions go that were replaced before `replacedBeforeMs`, at most `limit`. @returns how many. */
  prune(args: { replacedBeforeMs: number; nowMs: number; limit: number }): Promise<number>
  /**
   * Lets what is beyond `versionsKept` of each file go, of at most `limit` files, in order of their ids after
   * `afterFileId`. @returns how many versions went, and where to go on; null after the last file.
   */
  pruneSurplus(args: SurplusPruning): Promise<{ dropped: number; nextAfterFileId: string | null }>
}

export interface VersionKey {
  key: FileKey
  version: number
}

export interface VersionListing {
  key: FileKey
  /** Null from the current one on. */
  before: number | null
  limit: number
}

export interface VersionRestoration extends VersionKey {
  condition: FileCondition
  nowMs: number
  versionsKept: number
}

export interface SurplusPruning {
  versionsKept: number
  nowMs: number
  afterFileId: string
  limit: number
}
