import { Readable } from 'node:stream'
import type { BlobStore } from '../domain/blob-store'
import { extentsOf, type Extent } from '../domain/content'
import { sliceOf } from '../domain/extents'
import type { StoredFile } from '../domain/file'

/** What the headers of an answer tell. */
export type Sendable = Pick<
  StoredFile,
  'path' | 'contentType' | 'sizeBytes' | 'etag' | 'sha256'
> & {
  /** Null for what is newly made each time. */
  updatedAtMs: number | null
}

/** A content, and what a door needs to send it. */
export interface OpenContent {
  file: Sendable
  /** Where a front server finds the content, relative to the store's root; null when it is not one whole blob. */
  location: string | null
  /** Bytes `startByte`..`endByte`, inclusive. */
  read(startByte: number, endByte: number): Promise<Readable>
}

export interface OpenFile extends OpenContent {
  file: StoredFile
}

export function openContent(blobs: BlobStore, file: StoredFile): OpenFile {
  const whole = file.extents === null ? file.sha256 : null
  return {
    file,
    location: whole === null ? null : blobs.location(whole),
    read: (startByte, endByte) =>
      whole === null
        ? Promise.resolve(
            Readable.from(readExtents(blobs, sliceOf(extentsOf(file), startByte, endByte + 1))),
          )
        : blobs.read(whole, startByte, endByte),
  }
}

/** Bytes that lie in several blobs, one after another. */
export async function* readExtents(
  blobs: BlobStore,
  extents: readonly Extent[],
): AsyncGenerator<Buffer> {
  for (const { sha256, startByte, lengthBytes } of extents)
    yield* await blobs.read(sha256, startByte, startByte + lengthBytes - 1)
}
