/** A run of bytes within a blob. */
export interface Extent {
  sha256: string
  startByte: number
  lengthBytes: number
}

/** What a version of a file holds. */
export interface Content {
  sizeBytes: number
  /** Strong entity tag with its quotes. It stays the same when the bytes are laid out anew. */
  etag: string
  /** Of all bytes, in hex. Null when they lie in several extents and nobody has read them all yet. */
  sha256: string | null
  /** In order. Null when the content is one whole blob, the one that `sha256` names. */
  extents: readonly Extent[] | null
}

/** Strong entity tag (RFC 9110 §8.8.3) of a content: the first 162 bits of its SHA-256 in base64url, quoted. */
export function etagOf(sha256Hex: string): string {
  return `"${Buffer.from(sha256Hex, 'hex').toString('base64url').slice(0, 27)}"`
}

export function wholeBlob(sha256: string, sizeBytes: number): Content {
  return { sizeBytes, etag: etagOf(sha256), sha256, extents: null }
}

/** The content's extents, also where it is one whole blob. */
export function extentsOf({ sha256, sizeBytes, extents }: Content): readonly Extent[] {
  return extents ?? [{ sha256: sha256!, startByte: 0, lengthBytes: sizeBytes }]
}

/** A reference is held for each extent: a blob that is named twice is held twice. */
export function blobsOf(content: Pick<Content, 'sha256' | 'extents'>): readonly string[] {
  return content.extents?.map(({ sha256 }) => sha256) ?? [content.sha256!]
}
