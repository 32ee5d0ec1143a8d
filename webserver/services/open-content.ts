import { Readable } from 'node:stream'
import type { BlobStore } from '../domain/blob-store'
import { extentsOf, type Extent } from '../domain/content'
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
        ? Promise.resolve(Readable.from(joined(blobs, extentsWithin(file, startByte, endByte))))
        : blobs.read(whole, startByte, endByte),
  }
}

async function* joined(blobs: BlobStore, extents: readonly Extent[]): AsyncGenerator<Buffer> {
  for (const { sha256, startByte, lengthBytes } of extents)
    yield* await blobs.read(sha256, startByte, startByte + lengthBytes - 1)
}

/** The parts of the extents that bytes `startByte`..`endByte` of the content lie in. */
function extentsWithin(file: StoredFile, startByte: number, endByte: number): Extent[] {
  let offset = 0
  return extentsOf(file).flatMap((extent) => {
    const skippedBytes = Math.max(0, startByte - offset)
    const lengthBytes = Math.min(extent.lengthBytes, endByte + 1 - offset) - skippedBytes
    offset += extent.lengthBytes
    if (lengthBytes <= 0) return []
    return [{ ...extent, startByte: extent.startByte + skippedBytes, lengthBytes }]
  })
}
