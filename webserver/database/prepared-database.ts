import type { Soundness } from './soundness'

/** A blob that some record refers to, and how long it is; where only parts of it are referred to, at least. */
export interface StoredContent {
  sha256: string
  sizeBytes: number
  isWhole: boolean
}

export interface DatabaseCounts {
  accounts: number
  files: number
  /** Earlier versions of files. */
  versions: number
  /** Files in the trash. */
  trash: number
}

/** The data while the service is starting and nothing else has it open. */
export interface PreparedDatabase extends Soundness {
  accountCount: number
  /** Of the given digests, those that some file refers to. */
  referencedBlobs(sha256s: readonly string[]): Promise<Set<string>>
  /** Deletes the rows of all blobs without a reference, condemned or not; for when no upload can be running. @returns how many. */
  forgetUnreferencedBlobs(): Promise<number>
  /** Every blob that a record refers to, each once, in the order of the digests. Read it to its end before anything else. */
  storedContents(): Iterable<StoredContent>
  counts(): DatabaseCounts
  /** Ends all uploads in hand, for when their drafts are not there: in what was restored. @returns how many. */
  forgetUploads(): Promise<number>
  /** Ends the uploads of single requests, and gives back what they had reserved; for when none can be running. @returns how many. */
  abandonRequests(): Promise<number>
  /** Of the given names of drafts, those that an upload needs. */
  draftsInUse(names: readonly string[]): Promise<Set<string>>
  close(): Promise<void>
}
