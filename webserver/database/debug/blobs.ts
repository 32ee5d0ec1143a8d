import { blobsOf, type Content } from '../../domain/content'
import { AppError } from '../../domain/errors'
import type { Handlers } from '../operations'
import type { BlobRow, Tables } from './document'

type Operations =
  | 'blobs.referenced'
  | 'blobs.known'
  | 'blobs.recordOrphan'
  | 'blobs.condemn'
  | 'blobs.forget'
  | 'blobs.adopt'

export function blobHandlers(tables: Tables): Handlers<Operations> {
  return {
    'blobs.known': (sha256s) => sha256s.filter((sha256) => tables.blobs.has(sha256)),
    'blobs.adopt': ({ sha256s, nowMs: sinceMs }) => {
      const unknown = [...new Set(sha256s)].filter((sha256) => !tables.blobs.has(sha256))
      for (const sha256 of unknown)
        tables.blobs.set(sha256, { sha256, state: 'live', refs: 0, sinceMs })
      return unknown.length
    },
    'blobs.referenced': (sha256s) =>
      sha256s.filter((sha256) => (tables.blobs.get(sha256)?.refs ?? 0) > 0),
    'blobs.recordOrphan': ({ sha256, nowMs }) => {
      if ((tables.blobs.get(sha256)?.refs ?? 0) === 0)
        tables.blobs.set(sha256, { sha256, state: 'live', refs: 0, sinceMs: nowMs })
    },
    'blobs.condemn': ({ beforeMs, nowMs, limit }) => {
      const chosen = unreferenced(tables, 'live').filter(({ sinceMs }) => sinceMs <= beforeMs)
      return chosen.slice(0, limit).map((blob) => {
        Object.assign(blob, { state: 'condemned', sinceMs: nowMs } satisfies Partial<BlobRow>)
        return blob.sha256
      })
    },
    'blobs.forget': ({ beforeMs, limit }) => {
      const old = unreferenced(tables, 'condemned').filter(({ sinceMs }) => sinceMs < beforeMs)
      const chosen = old.slice(0, limit)
      for (const { sha256 } of chosen) tables.blobs.delete(sha256)
      return chosen.length
    },
  }
}

/** Longest without a reference first. */
function unreferenced(tables: Tables, state: BlobRow['state']): BlobRow[] {
  return [...tables.blobs.values()]
    .filter((blob) => blob.state === state && blob.refs === 0)
    .sort((a, b) => a.sinceMs - b.sinceMs)
}

type References = Pick<Content, 'sha256' | 'extents'>

/** @throws {AppError} `unavailable` when a blob is being swept and was not linked anew. */
export function requireUsable(
  tables: Tables,
  content: References,
  linked: readonly string[] = [],
): void {
  for (const sha256 of blobsOf(content)) {
    if (linked.includes(sha256) || tables.blobs.get(sha256)?.state !== 'condemned') continue
    throw new AppError('unavailable', 'the content is being removed: send it again', {
      field: 'sha256',
      retryAfterS: 1,
    })
  }
}

export function acquireBlobs(tables: Tables, content: References, nowMs: number): void {
  for (const sha256 of blobsOf(content)) {
    const refs = (tables.blobs.get(sha256)?.refs ?? 0) + 1
    tables.blobs.set(sha256, { sha256, state: 'live', refs, sinceMs: nowMs })
  }
}

export function releaseBlobs(tables: Tables, content: References, nowMs: number): void {
  for (const sha256 of blobsOf(content)) {
    const blob = tables.blobs.get(sha256)!
    blob.refs -= 1
    blob.sinceMs = nowMs
  }
}
