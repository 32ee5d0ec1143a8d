import type { Account, Viewer } from './account'
import type { FileCondition, FileKey, StoredFile } from './file'
import type { Session } from './session'

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
  readonly blobs: BlobRecords
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
   * Deletes the account, its sessions and its files.
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
  /** In order of (owner, path) by code point, at most `limit`, strictly after `after`. */
  list(viewer: Viewer, args: FileListing): Promise<StoredFile[]>
  /**
   * Creates or replaces the file at `key`: the row, the owner's `usedBytes` and the blobs' references move together.
   * A replaced file keeps its id and `createdAtMs`, its version grows by one.
   * @throws `not_found` when the viewer may not write there or the owner does not exist; `precondition_failed`;
   * `quota_exceeded` when `usedBytes` would exceed `quotaBytes`; `unavailable` with the field `sha256` when the blob is
   * being swept and was not linked by this upload (nothing happened: link it again and repeat).
   */
  commit(viewer: Viewer, args: FileCommit): Promise<{ file: StoredFile; created: boolean }>
  /** @throws `not_found`, `precondition_failed`. @returns the file as it was. */
  delete(
    viewer: Viewer,
    args: { key: FileKey; condition: FileCondition; nowMs: number },
  ): Promise<StoredFile>
}

export interface FileListing {
  owner: string | null
  prefix: string
  after: FileKey | null
  limit: number
}

export interface FileCommit {
  /** Used when the file is new. */
  id: string
  key: FileKey
  sizeBytes: number
  sha256: string
  contentType: string
  condition: FileCondition
  nowMs: number
  /** Whether this upload made the blob's directory entry itself, rather than finding one. */
  linked: boolean
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
  /** Of the given digests, those that some file refers to. */
  referenced(sha256s: readonly string[]): Promise<Set<string>>
}
