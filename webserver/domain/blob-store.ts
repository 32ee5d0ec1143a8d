import type { Readable } from 'node:stream'
import type { Timing } from './timing'

/** Immutable contents named by their SHA-256 (hex). Names that people choose never reach the store. */
export interface BlobStore {
  /** @throws {AppError} `storage_full` when there is no room. */
  createDraft(timing: Timing): Promise<BlobDraft>
  /** Bytes `startByte`..`endByte`, inclusive. @throws {AppError} `internal` when the blob is missing. */
  read(sha256: string, startByte: number, endByte: number): Promise<Readable>
  /** Where a front server finds the blob, relative to the store's root: `ab/<sha256>`. */
  location(sha256: string): string
  /** Does nothing when the blob is absent. */
  remove(sha256: string): Promise<void>
  /** Every blob in the store, in no order. Throws on any read error: a listing that may be partial must not be swept by. */
  list(): AsyncIterable<string>
  /**
   * Every name in the store that comes after `after`, in order, with what the disk says of it. Throws on any read error.
   */
  inspect(after: string): AsyncIterable<StoredBlob>
  /** How long a blob is on the disk; null when it is absent. */
  sizeOf(sha256: string): Promise<number | null>
  /**
   * Whether something outside the service, a backup, relies on blobs staying where they are. What has lost its last
   * reference by a moment before this was asked may still be removed. Throws on any read error.
   */
  isHeld(): Promise<boolean>
  /**
   * Opens the draft of an upload that requests continue one after another, as its first `offsetBytes`; what lies behind is
   * cut off. Makes it when the offset is 0.
   * @param args.apart whether somebody may still write to it: then a copy takes its place.
   * @throws {AppError} `gone` when there are not as many bytes; `storage_full`.
   */
  openDraft(name: string, args: { offsetBytes: number; apart: boolean }): Promise<ResumedDraft>
  /** Gives a draft's bytes, durable already, their name in the store. @throws {AppError} `gone` when it is not there. */
  publishDraft(
    name: string,
    body: { sha256: string; sizeBytes: number },
  ): Promise<{ linked: boolean }>
  /** Every draft, in no order, and for how long nobody has written to it. Throws on any read error. */
  listDrafts(): AsyncIterable<{ name: string; untouchedMs: number }>
  /** Does nothing when the draft is absent. */
  removeDraft(name: string): Promise<void>
  /** Frees what the store holds open, when nothing uses it any more. */
  close(): Promise<void>
}

/** What lies in the store under a name, which is a digest unless somebody put it there by hand. */
export interface StoredBlob {
  name: string
  isFile: boolean
  sizeBytes: number
  /** When its bytes or its names last changed. */
  changedAtMs: number
}

/** A draft that requests continue one after another: it stays until it is removed. Whoever hashes it does so outside. */
export interface ResumedDraft {
  /** Writes behind what is there. Resolves when the store took the bytes. @throws {AppError} `storage_full`. */
  write(chunk: Buffer): Promise<void>
  /** Makes all that was written durable. */
  flush(): Promise<void>
  /** Never throws. */
  close(): Promise<void>
}

/** One content on its way in. The caller ends it with `discard` in every case; a draft is not a blob until published. */
export interface BlobDraft {
  /** Resolves when the store took the bytes: awaiting it is the back-pressure. @throws {AppError} `storage_full`. */
  write(chunk: Buffer): Promise<void>
  /** Makes the bytes durable. No more writes. */
  seal(): Promise<{ sha256: string; sizeBytes: number }>
  /**
   * Gives the sealed bytes their name, durably. May be repeated until the database took the reference.
   * @returns whether this call made the name, rather than finding the same content already there.
   */
  publish(): Promise<{ linked: boolean }>
  /** Frees the draft; a published blob stays. Never throws. */
  discard(): Promise<void>
}
