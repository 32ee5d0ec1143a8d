import type { Content } from './content'

/** Where contents are referred to, in the order in which they are walked through. */
export const contentPlaces = ['file', 'version', 'trash'] as const
export type ContentPlace = (typeof contentPlaces)[number]

/** A content that the records promise: what is current, was replaced, or was deleted. */
export interface ContentUse extends Pick<Content, 'sizeBytes' | 'sha256' | 'extents'> {
  place: ContentPlace
  owner: string
  /** Of an earlier version the path that its file has now; null where the file is nowhere to be found. */
  path: string | null
  fileId: string
  version: number
}

/** How far a walk has come: behind this key of that place. The first of each is `['', 0]`. */
export interface ContentPosition {
  place: ContentPlace
  after: readonly [string, string | number]
}

export const firstContentPosition: ContentPosition = { place: 'file', after: ['', ''] }

export interface ContentUseRecords {
  /**
   * Walks through all contents in the order of their keys, at most `limit` at a time. A walk sees everything that was
   * there from its beginning to its end. @returns where to go on; null at the end.
   */
  list(args: { from: ContentPosition; limit: number }): Promise<ContentPage>
}

export interface ContentPage {
  uses: ContentUse[]
  next: ContentPosition | null
}

/** Where a walk goes on behind the place that it has come to the end of. */
export function nextPlace(place: ContentPlace): ContentPosition | null {
  const next = contentPlaces[contentPlaces.indexOf(place) + 1]
  return next === undefined ? null : { place: next, after: ['', next === 'version' ? 0 : ''] }
}

/** What a content needs of one blob: all of it, or as many bytes from its beginning. */
export interface BlobNeed {
  sha256: string
  sizeBytes: number
  isWhole: boolean
}

export function blobNeedsOf({ extents, sha256, sizeBytes }: ContentUse): BlobNeed[] {
  if (extents === null) return [{ sha256: sha256!, sizeBytes, isWhole: true }]
  return extents.map((extent) => ({
    sha256: extent.sha256,
    sizeBytes: extent.startByte + extent.lengthBytes,
    isWhole: false,
  }))
}
