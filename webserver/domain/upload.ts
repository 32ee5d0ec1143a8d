import type { Viewer } from './account'
import type { FileCondition, StoredFile } from './file'

/**
 * `put`: the body of one request, in the hands of the request that reads it. `file`: sent piece by piece, a file at its
 * end. `part`: sent piece by piece, to be joined with others. `joined`: such parts in order, a file as soon as they are one.
 */
export const uploadKinds = ['put', 'file', 'part', 'joined'] as const
export type UploadKind = (typeof uploadKinds)[number]

/** A part of a joined upload: its bytes lie in the draft of its id. */
export interface UploadPart {
  id: string
  sha256: string
  sizeBytes: number
}

/** What a finished upload became. */
export interface UploadOutcome {
  fileId: string
  version: number
  etag: string
  sha256: string | null
  created: boolean
}

export function outcomeOf(file: StoredFile, created: boolean): UploadOutcome {
  const { id: fileId, version, etag, sha256 } = file
  return { fileId, version, etag, sha256, created }
}

/** What is being sent and is not a file yet. What it will take is reserved in its owner's quota. */
export interface UploadSession {
  /** Also the name of its draft. */
  id: string
  kind: UploadKind
  /** Who sends it: an account, or whoever comes by a link. */
  accountId: string | null
  linkId: string | null
  /** Account name of whose file it becomes. */
  owner: string
  path: string
  /** Null while the sender has not said it. */
  lengthBytes: number | null
  /** How many bytes are durable, and counted in `hashState`. */
  offsetBytes: number
  reservedBytes: number
  /** The state of a SHA-256 over the bytes before `offsetBytes`; null before the first of them. */
  hashState: string | null
  contentType: string | null
  metadata: Readonly<Record<string, string>>
  condition: FileCondition
  /** Of a joined upload, in order. */
  parts: readonly UploadPart[] | null
  /** Who may write, until when; null when nobody does. Names a process for good. */
  leaseHolder: string | null
  /** Counts the leases: what an earlier holder still wants to do is told by it, and refused. */
  leaseEpoch: number
  leaseUntilMs: number
  createdAtMs: number
  expiresAtMs: number
  /** Null until the upload is a file. Then it reserves nothing, and stays only to be asked about. */
  outcome: UploadOutcome | null
}

/** Begins an upload. */
export interface NewUpload {
  id: string
  kind: UploadKind
  key: { owner: string; path: string }
  lengthBytes: number | null
  /** How many bytes must find room; what is let go when the file is replaced counts as room. */
  neededBytes: number
  /** Reserved if there is room for them. At least `neededBytes`. */
  wantedBytes: number
  contentType: string | null
  metadata: Readonly<Record<string, string>>
  condition: FileCondition
  /** Joins these uploads, in order; the parts and what they reserve become the new upload's. */
  parts: readonly UploadPart[] | null
  /** Who holds its first lease; null when it is only announced. */
  leaseHolder: string | null
  leaseUntilMs: number
  nowMs: number
  expiresAtMs: number
  /** Uploads of the sender that may be open at once. */
  openMax: number
}

/** Takes the lease. */
export interface UploadAcquisition {
  id: string
  /** Where the sender believes the upload to be. */
  offsetBytes: number
  /** Says the length, when it was not said before; null leaves it. */
  lengthBytes: number | null
  holder: string
  nowMs: number
  leaseUntilMs: number
  /** The epoch of a lease whose holder is known to be gone: it is taken before its time. */
  takeEpoch: number | null
}

/** Moves an upload on, renews its lease or gives it back. */
export interface UploadAdvance {
  id: string
  leaseEpoch: number
  fromBytes: number
  toBytes: number
  hashState: string | null
  /** Null gives the lease back. */
  leaseUntilMs: number | null
  expiresAtMs: number
}

/** Asks for room for more bytes than are reserved, and keeps an upload from expiring. */
export interface UploadExtension {
  id: string
  leaseEpoch: number
  /** Must find room. */
  neededBytes: number
  /** Reserved if there is room for them, so that not every chunk must ask. At least `neededBytes`. */
  wantedBytes: number
  leaseUntilMs: number
  expiresAtMs: number
}

/**
 * Uploads that reserve room, and leases on them. Whoever writes an upload's draft holds its lease; the lease's epoch is in
 * every command of the holder, so that of two who believe to hold it only the later one moves anything.
 * At every commit the sums of an account stay within its quota: an upload reserves what it needs as far as there is room,
 * and what is missing must be covered by what its commit lets go of the file that it replaces.
 */
export interface UploadRecords {
  /** Null for everyone but who sends it. */
  find(viewer: Viewer, id: string): Promise<UploadSession | null>
  /** The viewer's own that are not finished, oldest first; none of a single request. */
  list(viewer: Viewer, args: { limit: number }): Promise<UploadSession[]>
  /** Of the given names of drafts, those that an upload needs. */
  draftsInUse(names: readonly string[]): Promise<Set<string>>
  /**
   * @throws `not_found` when the viewer may not know the owner; `forbidden`; `quota_exceeded`; `rate_limited` beyond
   * `openMax`; `not_found` with the field `Upload-Concat` for a part that is not there any more, `conflict` for one that is
   * being written.
   */
  begin(viewer: Viewer, args: NewUpload): Promise<UploadSession>
  /**
   * @returns the upload as it was before the lease was taken, but for `leaseEpoch` and `lengthBytes`: whose lease it was,
   * if it was not given back, is of interest.
   * @throws `not_found`; `conflict` when the offset is another, a length was said before, or the upload is finished;
   * `locked` while another holds the lease; `quota_exceeded` for the length that is said.
   */
  acquire(viewer: Viewer, args: UploadAcquisition): Promise<UploadSession>
  /** @throws `conflict` when the lease has gone to another or the offset is not `fromBytes`. */
  advance(args: UploadAdvance): Promise<void>
  /** @returns how many bytes are reserved. @throws `conflict`, `quota_exceeded`. */
  extend(args: UploadExtension): Promise<number>
  /** Gives an upload of a single request up. Does nothing when the lease has gone to another. */
  abandon(args: { id: string; leaseEpoch: number }): Promise<void>
  /** Ends an upload for its sender. @returns the names of the drafts nobody needs any more. @throws `not_found`. */
  terminate(viewer: Viewer, id: string): Promise<string[]>
  /** Ends up to `limit` uploads whose time is over. @returns how many, and the drafts nobody needs any more. */
  expire(args: { nowMs: number; limit: number }): Promise<{ ended: number; drafts: string[] }>
}
