import type { Principal } from '../../domain/account'
import type { BlobStore } from '../../domain/blob-store'
import type { Content } from '../../domain/content'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileCondition, FileKey, StoredFile } from '../../domain/file'

/** Who sends a content: every way in takes both. What they may do with the place is judged before the body and at the commit. */
export type Sender = Principal

export interface UploadSettings {
  uploadBytesMax: number
  uploadsInFlightMax: number
  /** Bodies of up to so many bytes reserve nothing: their commit alone decides, and is the only one they cost. */
  reserveFromBytes: number
  /** Earlier versions that each file keeps. */
  versionsKept: number
  /** Whether a file may be replaced only under a condition. */
  requireCondition: boolean
}

export interface UploadDependencies {
  database: Database
  blobs: BlobStore
  settings: UploadSettings
  now: () => number
  /** Names this process for good, so that others can tell when it is gone. */
  holder: string
  /** Refuses what the disk should not take any more, before it is sent. @throws {AppError} `storage_full`. */
  requireSpace?: (bytes: number) => Promise<void>
}

/** A body as it lies in the store. */
export interface StoredBody {
  sha256: string
  sizeBytes: number
}

/** A body on its way to a file. Names and types are checked already. */
export interface Upload {
  key: FileKey
  contentType: string
  condition: FileCondition
  /** Null, or absent, keeps what the file has. */
  metadata?: Readonly<Record<string, string>> | null
  /** What the sender says the body's length is; null when it does not say. */
  declaredBytes: number | null
  /**
   * Called once, when the upload is admitted: no byte is asked for before. Throws `AppError` when the body ends early, or,
   * at its end, is not what it should be: then nothing is stored.
   */
  openBody(): AsyncIterable<Buffer>
  /** Most bytes that its sender may send, where that is less than anybody may. */
  bytesMax?: number
  /** Where the path is taken, nothing is replaced: see `FileCommit`. */
  numberWhenTaken?: boolean
  /** For a body that is a part of the content: how many bytes there are beside it. */
  keptBytes?: number
  /** For a body that is a part of the content: what the file holds with it. The condition must keep the rest from changing. */
  contentWith?(body: StoredBody): Content
}

export interface UploadResult {
  file: StoredFile
  created: boolean
}

/** For a body that ended before or after its sender said it would. */
export function notAsLong(): AppError {
  return new AppError('invalid', 'The body is not as long as it was said to be', { field: 'body' })
}
