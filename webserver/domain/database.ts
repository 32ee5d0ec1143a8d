import type { Account, Viewer } from './account'
import type { BulkOutcome, BulkRequest } from './bulk'
import type { Content } from './content'
import type { ContentUseRecords } from './content-use'
import type { FileCondition, FileKey, StoredFile } from './file'
import type { FileInfo, FolderSum, FolderSumQuery, MetadataChange } from './file-info'
import type { LinkRecords } from './link'
import type { Browse, Browsed } from './listing'
import type { GrantRecords } from './grant'
import type { GroupRecords } from './group'
import type { Right } from './rights'
import type { Session } from './session'
import type { TrashRecords } from './trash'
import type { VersionRecords } from './version'
import type { UploadRecords } from './upload'

/**
 * Queries, and commands that are each one durable atomic unit with its preconditions in its arguments: when a command's
 * promise resolves, the change survives kill -9 and power loss. There is no interactive transaction (DESIGN D1).
 * Every method may throw `unavailable` when the database cannot answer in time; a command that threw `unavailable` may
 * or may not have happened.
 */
export interface Database {
  readonly accounts: AccountRecords
  readonly sessions: SessionRecords
  readonly files: FileRecords
  readonly versions: VersionRecords
  readonly trash: TrashRecords
  readonly rights: RightRecords
  readonly links: LinkRecords
  readonly contents: ContentRecords
  readonly uploads: UploadRecords
  readonly groups: GroupRecords
  readonly grants: GrantRecords
  readonly blobs: BlobRecords
  readonly contentUses: ContentUseRecords
  /** Asks both the reading and the writing side. @throws {AppError} `unavailable` with the reason. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface AccountRecords {
  find(id: string): Promise<Account | null>
  findByName(name: string): Promise<Account | null>
  count(): Promise<number>
  /** @throws `conflict` when the name is taken, or when `onlyIfFirst` and an account exists. */
  create(args: NewAccount): Promise<Account>
  /**
   * Sets the hash, bumps `authEpoch` and deletes the account's sessions but `keepSessionId`, which moves to the new epoch.
   * @throws `not_found`; `conflict` when the account's epoch is no longer `ifAuthEpoch`.
   */
  changePassword(args: PasswordChange): Promise<void>
  /** Replaces a hash by a stronger one of the same password; does nothing when the hash is no longer `ifPasswordHash`. */
  rehashPassword(args: {
    accountId: string
    ifPasswordHash: string
    passwordHash: string
  }): Promise<void>
  /**
   * Deletes the account, its sessions, its files, its memberships (see `GroupRecords`) and what was granted to it.
   * @throws `not_found`; `conflict` when it is the last admin.
   */
  delete(args: { accountId: string; nowMs: number }): Promise<void>
}

export interface NewAccount {
  id: string
  name: string
  role: Account['role']
  passwordHash: string
  quotaBytes: number
  nowMs: number
  onlyIfFirst: boolean
}

export interface PasswordChange {
  accountId: string
  ifAuthEpoch: number
  passwordHash: string
  keepSessionId: string | null
}

export interface SessionRecords {
  /** The hot path of every request: one query. Validity (epoch, expiry) is the caller's to judge. */
  findWithAccount(sessionId: string): Promise<{ session: Session; account: Account } | null>
  /** Newest first. */
  listByAccount(accountId: string): Promise<Session[]>
  /**
   * Adds a session; beyond `perAccountMax` the account's least recently seen ones are deleted in the same commit.
   * @throws `conflict` when the account is gone or its epoch is no longer the session's.
   */
  create(args: { session: Session; perAccountMax: number }): Promise<void>
  /** Moves `lastSeenAtMs` forward; never back, and never revives a deleted session. */
  touch(args: { sessionId: string; nowMs: number }): Promise<void>
  /** @returns false when the account has no such session. */
  delete(args: { accountId: string; sessionId: string }): Promise<boolean>
  /** Deletes at most `limit` sessions past their absolute end or unseen since `seenBeforeMs`. @returns how many. */
  deleteExpired(args: { nowMs: number; seenBeforeMs: number; limit: number }): Promise<number>
}

export interface FileRecords {
  /** `null` also for what the viewer may not know exists. */
  find(viewer: Viewer, key: FileKey): Promise<StoredFile | null>
  /**
   * In order of (owner, path) by code point, at most `limit`, strictly after `after`. Of another's files those below a
   * folder that is shared as a whole, which `prefix` must name.
   */
  list(viewer: Viewer, args: FileListing): Promise<StoredFile[]>
  /**
   * Files and folders page by page, in any order and filtered; what does not change meanwhile is shown once. Whose files:
   * as in `list`.
   * @throws `invalid` with the field `sort` when the order would need more rows than may be looked at, or an owner.
   */
  browse(viewer: Viewer, args: Browse): Promise<Browsed>
  /** `null` also for what the viewer may not know exists. */
  info(viewer: Viewer, key: FileKey): Promise<FileInfo | null>
  /** Of the next files below a folder, in order of path; `null` when the viewer may not see the folder. */
  sum(viewer: Viewer, args: FolderSumQuery): Promise<FolderSum | null>
  /**
   * Changes what is noted of a file, not its content: `metaVersion` grows by one, `version` and `updatedAtMs` stay.
   * @throws `not_found`, `forbidden`, `precondition_failed`; `too_large` when it would have more than the limits say.
   */
  setMetadata(viewer: Viewer, args: MetadataChange): Promise<StoredFile>
  /**
   * Creates or replaces the file at `key`: the row, the owner's bytes and the blobs' references move together. A replaced
   * file keeps its id and `createdAtMs`, its version grows by one, and what it was becomes an earlier version.
   * @throws `not_found` when the viewer may not know the place or the owner does not exist; `forbidden` when they may see
   * but not change it; `precondition_failed`; `quota_exceeded` when the bytes would exceed `quotaBytes`; `unavailable`
   * with the field `sha256` when a blob is being swept and was not linked by this upload (nothing happened: link it again
   * and repeat), or with the field `extents` when the file does not hold what `amendment` takes over (read it again).
   */
  commit(viewer: Viewer, args: FileCommit): Promise<{ file: StoredFile; created: boolean }>
  /**
   * Copies, moves and deletes, one after another and all or none of them, without touching a byte of a content. A copy is
   * a new file, or a new version of the one that it replaces. A move keeps the file's id, versions, metadata and shares,
   * takes the shares of a folder along, and what it replaces is deleted; to another owner it takes versions along and
   * ends the shares. Each needs the right to view what is copied, to edit what is moved or deleted, to manage what is moved
   * to another owner, and to edit at the target.
   * @throws what `commit` and `delete` throw; `conflict` when a file is at the target, or the target lies within the
   * source; `too_large` beyond `filesMax`. The field names the operation: `operations[3].from`.
   */
  bulk(viewer: Viewer, args: BulkRequest): Promise<BulkOutcome>
  /** @throws `not_found`, `forbidden`, `precondition_failed`. @returns the file as it was. */
  delete(viewer: Viewer, args: FileDeletion): Promise<StoredFile>
}

/** What a viewer may do; null where they may not know that there is anything. */
export interface RightRecords {
  /** At a path, whether or not a file is there. */
  ofFile(viewer: Viewer, key: FileKey): Promise<Right | null>
  /** With all that lies and will lie below a folder; `''` is everything of the owner's. */
  ofFolder(viewer: Viewer, args: { owner: string; folder: string }): Promise<Right | null>
}

export interface FileDeletion {
  key: FileKey
  condition: FileCondition
  nowMs: number
  /** Whether it can be taken back; otherwise its content and its earlier versions are let go. */
  toTrash: boolean
  /** Whether it is who deletes that wants it for good, rather than the policy: that needs the right to manage. */
  isPermanent?: boolean
}

export interface FileListing {
  owner: string | null
  prefix: string
  after: FileKey | null
  limit: number
}

export interface FileCommit extends Content {
  /** Used when the file is new. */
  id: string
  key: FileKey
  contentType: string
  /** Null keeps what the file has. */
  metadata: Readonly<Record<string, string>> | null
  condition: FileCondition
  nowMs: number
  /** The blobs whose directory entries this upload made itself, rather than finding them. */
  linked: readonly string[]
  /**
   * Earlier versions of the file that are kept, at most. Where the quota does not allow as many, the oldest go first.
   */
  versionsKept: number
  /** A path that is taken is left alone: the file becomes `name (2).ext`, or whatever number is free. */
  numberWhenTaken?: boolean
  /** Of a content that is made out of the one it replaces. */
  amendment?: Amendment
  /**
   * The upload that this ends: what it reserved is taken over. One of a single request is forgotten, others learn their
   * outcome. Null when there is none.
   */
  upload: { id: string; leaseEpoch: number } | null
}

export interface Amendment {
  /** The blobs that the new content takes over: the file must hold them still. */
  retained: readonly string[]
  /** Whether what is replaced becomes an earlier version. */
  keepsReplaced: boolean
}

/** Contents in several extents, wherever they are: in files, their earlier versions or the trash. */
export interface ContentRecords {
  /**
   * Those that were written before `beforeMs`, and those of at least `crowdedExtents` extents written before
   * `crowdedBeforeMs`; oldest first, at most `limit`. None of the trash.
   */
  scattered(args: ScatteredQuery): Promise<ScatteredContent[]>
  /**
   * Makes one blob of a content's extents. Its entity tag stays as it is, for its bytes do.
   * @returns false when there is no such content in extents any more.
   * @throws `unavailable` with the field `sha256` as `FileRecords.commit` does.
   */
  compact(args: Compaction): Promise<boolean>
}

export interface ScatteredQuery {
  beforeMs: number
  crowdedBeforeMs: number
  crowdedExtents: number
  limit: number
}

export interface ScatteredContent extends Content {
  fileId: string
  version: number
}

export interface Compaction {
  fileId: string
  version: number
  /** The content that was read is still this. */
  etag: string
  /** The blob that holds the same bytes. */
  sha256: string
  linked: readonly string[]
  nowMs: number
}

/**
 * Reference counts of blobs. A blob without references is swept in two phases an age apart, so that an upload which
 * found the blob on disk can never lose it: `condemn` (no new reference unless linked anew), unlink, later `forget`.
 */
export interface BlobRecords {
  /**
   * Records a blob that an upload linked itself and whose commit was refused, so that the sweep will come to it. A
   * condemned one is live again: what was condemned is unlinked, this is another. Does nothing to one with references.
   */
  recordOrphan(args: { sha256: string; nowMs: number }): Promise<void>
  /** Marks up to `limit` blobs that have had no reference since `beforeMs`. @returns their digests, for unlinking. */
  condemn(args: { beforeMs: number; nowMs: number; limit: number }): Promise<string[]>
  /** Deletes the rows of blobs condemned before `beforeMs`. @returns how many. */
  forget(args: { beforeMs: number; limit: number }): Promise<number>
  /**
   * Records the blobs that the store has and no record knows, as having lost their last reference now: the sweep comes
   * to them an age later. @returns how many there were.
   */
  adopt(args: { sha256s: readonly string[]; nowMs: number }): Promise<number>
  /** Of the given digests, those that there is a record of. */
  known(sha256s: readonly string[]): Promise<Set<string>>
  /** Of the given digests, those that some file refers to. */
  referenced(sha256s: readonly string[]): Promise<Set<string>>
}
