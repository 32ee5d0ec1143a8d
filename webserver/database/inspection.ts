import type { ContentUseRecords } from '../domain/content-use'
import type { BlobRecords } from '../domain/database'
import type { Soundness } from './soundness'

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
export interface Inspection extends Soundness {
  readonly blobs: Pick<BlobRecords, 'known' | 'referenced'>
  readonly contentUses: ContentUseRecords
  /** Earlier versions of files that there are not, or that are not earlier. */
  strayVersions(): StrayVersion[]
  /** Uploads whose end has passed. */
  overdueUploads(args: { beforeMs: number }): OverdueUpload[]
  draftsInUse(names: readonly string[]): Set<string>
  /** Makes both kinds of books what the records add up to. Only while no service runs. @returns how many were wrong. */
  recount(): { accounts: number; blobs: number }
  close(): void
}
