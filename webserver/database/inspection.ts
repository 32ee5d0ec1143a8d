import type { ContentUseRecords } from '../domain/content-use'
import type { BlobRecords } from '../domain/database'

/** What is counted for an account beside what the records add up to. */
export interface AccountBooks {
  name: string
  /** Used, versions, trash, reserved: in bytes. */
  kept: readonly number[]
  real: readonly number[]
}

export interface BlobBooks {
  sha256: string
  /** As it is counted. */
  refs: number
  /** Records that refer to it. */
  uses: number
}

export interface StrayVersion {
  fileId: string
  version: number
  why: string
}

export interface OverdueUpload {
  id: string
  path: string
  expiresAtMs: number
}

/** A look into the records from outside the service, whether or not it runs. Only what is wrong is told. */
export interface Inspection {
  readonly blobs: Pick<BlobRecords, 'known' | 'referenced'>
  readonly contentUses: ContentUseRecords
  /** What the database says of its own file: damage, and references to rows that are not there. */
  damage(): string[]
  accountBooks(): AccountBooks[]
  blobBooks(): BlobBooks[]
  /** Earlier versions of files that there are not, or that are not earlier. */
  strayVersions(): StrayVersion[]
  /** Uploads whose end has passed. */
  overdueUploads(args: { beforeMs: number }): OverdueUpload[]
  draftsInUse(names: readonly string[]): Set<string>
  /** Makes both kinds of books what the records add up to. Only while no service runs. @returns how many were wrong. */
  recount(): { accounts: number; blobs: number }
  close(): void
}
