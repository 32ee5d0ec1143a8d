/** The data while the service is starting and nothing else has it open. */
export interface PreparedDatabase {
  accountCount: number
  /** Of the given digests, those that some file refers to. */
  referencedBlobs(sha256s: readonly string[]): Promise<Set<string>>
  /** Deletes the rows of all blobs without a reference, condemned or not; for when no upload can be running. @returns how many. */
  forgetUnreferencedBlobs(): Promise<number>
  close(): Promise<void>
}
