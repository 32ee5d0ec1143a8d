import type { FileCondition, FileKey, StoredFile } from './file'

export const bulkActions = ['copy', 'move', 'delete'] as const
export type BulkAction = (typeof bulkActions)[number]

/** Of one file, or of all below a folder: the path then ends in a slash, or is empty for everything of the owner's. */
export interface BulkOperation {
  action: BulkAction
  from: FileKey
  /** Null for a deletion. A file becomes a file, a folder a folder. */
  to: FileKey | null
  /** Whether a file that is at the target gives way. */
  overwrite: boolean
  /** Held against the file at `from`. */
  condition: FileCondition
}

export interface BulkRequest {
  operations: readonly BulkOperation[]
  /** Files that all operations together may reach. */
  filesMax: number
  /** What the ids of copies are made of. */
  seed: string
  nowMs: number
  /** Whether what is deleted, or gives way to a move, can be taken back. */
  toTrash: boolean
  /** As in `FileCommit`, for what gives way to a copy. */
  versionsKept: number
}

/** Of each operation the files that it reached: as they are now; as they were, of a deletion. */
export type BulkOutcome = StoredFile[][]

export function isFolderPath(path: string): boolean {
  return path === '' || path.endsWith('/')
}

/** The folder of `rights.ofFolder`: without its slash. */
export function folderOf(path: string): string {
  return path.slice(0, -1)
}
