import type { Viewer } from './account'
import type { StoredFile } from './file'

/** A deleted file that can be brought back, at the path it had. */
export interface TrashedFile extends StoredFile {
  deletedAtMs: number
}

/**
 * Deleted files. Their owner and admins see them and nobody else does, whatever was shared: to all others a deleted
 * file is gone.
 */
export interface TrashRecords {
  /** Last deleted first, at most `limit`, strictly after `after`; empty when the viewer may not see the owner's trash. */
  list(viewer: Viewer, args: TrashListing): Promise<TrashedFile[]>
  /**
   * Puts a file back, with its id, its versions and what was shared of it; its `updatedAtMs` is the moment of this.
   * @throws `not_found`; `conflict` with the field `path` when a file is there and `overwrite` is not set.
   */
  restore(viewer: Viewer, args: TrashRestoration): Promise<StoredFile>
  /** Lets a deleted file go for good, and all that hangs on it. @throws `not_found`. */
  delete(viewer: Viewer, args: { id: string; nowMs: number }): Promise<void>
  /**
   * The same for at most `limit` files of the owner's that were deleted until `deletedUntilMs`. @returns how many; 0 when
   * the viewer may not see the owner's trash.
   */
  empty(viewer: Viewer, args: TrashEmptying): Promise<number>
  /** The same for anybody's that were deleted before `deletedBeforeMs`. */
  purge(args: { deletedBeforeMs: number; nowMs: number; limit: number }): Promise<number>
}

/** How a page goes on after one; ids order what was deleted at once. */
export type TrashPosition = Pick<TrashedFile, 'deletedAtMs' | 'id'>

export interface TrashListing {
  owner: string
  after: TrashPosition | null
  limit: number
}

export interface TrashRestoration {
  id: string
  /** Null for where it was. */
  path: string | null
  overwrite: boolean
  /** Whether a file that is overwritten can be taken back in its turn. */
  toTrash: boolean
  nowMs: number
}

export interface TrashEmptying {
  owner: string
  deletedUntilMs: number
  nowMs: number
  limit: number
}
