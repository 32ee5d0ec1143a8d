import { blobsOf, extentsOf, wholeBlob, type Content, type Extent } from '../../domain/content'
import type { Amendment } from '../../domain/database'
import { joined, overwritten } from '../../domain/extents'
import type { StoredFile } from '../../domain/file'
import type { PatchPlace } from '../../domain/patch'
import { contentOfExtents } from '../content-of-extents'
import type { StoredBody } from './upload'

/** Bytes of the new blob, and where in the file they go. */
export interface Edit {
  place: PatchPlace
  startByte: number
  blobByte: number
  lengthBytes: number
}

/** Neighbours of the content that were written anew, at the beginning of the new blob. */
export interface Merged {
  extents: readonly Extent[]
  lengthBytes: number
}

/** What a content is made of: the file as it was, and one new blob. */
export interface Made {
  base: StoredFile | null
  merged: Merged | null
  edits: readonly Edit[]
  body: StoredBody
}

export function contentAfter({ base, merged, edits, body }: Made): Content {
  const { sha256, sizeBytes } = body
  const before = base === null ? [] : extentsOf(base)
  const written = edits.reduce<readonly Extent[]>(
    (extents, { startByte, blobByte, lengthBytes }) =>
      overwritten(extents, { sha256, startByte: blobByte, lengthBytes }, startByte),
    merged === null ? before : withMerged(before, merged, sha256),
  )
  const extents = joined(written)
  const [first] = extents
  if (first === undefined || isWhole(extents, body)) return wholeBlob(sha256, sizeBytes)
  return contentOfExtents(extents)
}

function isWhole(extents: readonly Extent[], { sha256, sizeBytes }: StoredBody): boolean {
  const [first] = extents
  return extents.length === 1 && first?.sha256 === sha256 && first.lengthBytes === sizeBytes
}

/** A file that is laid out otherwise by now has no use for what was merged. */
function withMerged(extents: readonly Extent[], merged: Merged, sha256: string): readonly Extent[] {
  const names = extents.map(nameOf)
  const run = merged.extents.map(nameOf)
  const at = names.findIndex((_, index) =>
    run.every((name, offset) => names[index + offset] === name),
  )
  if (at === -1) return extents
  const { lengthBytes } = merged
  return [
    ...extents.slice(0, at),
    { sha256, startByte: 0, lengthBytes },
    ...extents.slice(at + run.length),
  ]
}

function nameOf({ sha256, startByte, lengthBytes }: Extent): string {
  return `${sha256} ${startByte} ${lengthBytes}`
}

/**
 * What an append replaces is a beginning of what comes of it, so that nothing is lost without it: a file that grows by
 * small pieces would else push every other version out.
 */
export function amendmentOf(
  content: Content,
  { base, edits, body }: Made,
  { nowMs, appendVersionMs }: { nowMs: number; appendVersionMs: number },
): Amendment {
  const retained = [...new Set(blobsOf(content))].filter((sha256) => sha256 !== body.sha256)
  const isAppend = edits.every(({ startByte }) => startByte >= (base?.sizeBytes ?? 0))
  const isRecent = base !== null && nowMs - base.updatedAtMs < appendVersionMs
  return { retained, keepsReplaced: !(isAppend && isRecent) }
}
