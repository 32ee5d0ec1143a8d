import { hash } from 'node:crypto'
import { etagOf, type Content, type Extent } from '../domain/content'

/**
 * The content that several extents make up. Its digest is not known without reading it all, so that its tag is made of
 * the extents instead: different bytes never share one, the same bytes may have two.
 */
export function contentOfExtents(extents: readonly Extent[]): Content {
  const lines = extents.map((e) => `${e.sha256} ${e.startByte} ${e.lengthBytes}\n`)
  return {
    sizeBytes: extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    etag: etagOf(hash('sha256', lines.join(''))),
    sha256: null,
    extents,
  }
}
