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

/** What must hold between the records, whoever looks. Only what is wrong is told. */
export interface Soundness {
  /** What the database says of its own file: damage, and references to rows that are not there. */
  damage(): string[]
  accountBooks(): AccountBooks[]
  blobBooks(): BlobBooks[]
}
