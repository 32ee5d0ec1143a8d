import type { Grant, GrantListing, SharedKey } from '../domain/grant'
import { notACursor } from './paging'

type Age = NonNullable<GrantListing['after']>

/** The last entry of a page as an opaque word. */
export function ageCursorOf({ createdAtMs, id }: Grant): string {
  return wordOf([createdAtMs, id])
}

/** @throws {AppError} `invalid` unless it is a word that `ageCursorOf` made. */
export function ageOf(cursor: string): Age {
  const [createdAtMs, id, ...more] = partsOf(cursor)
  if (!Number.isSafeInteger(createdAtMs) || typeof id !== 'string' || more.length > 0)
    throw notACursor()
  return { createdAtMs: createdAtMs as number, id }
}

export function sharedCursorOf({ place, id }: Grant): string {
  return wordOf([place.owner, 'path' in place ? place.path : place.folder, id])
}

/** @throws {AppError} `invalid` unless it is a word that `sharedCursorOf` made. */
export function sharedKeyOf(cursor: string): SharedKey {
  const parts = partsOf(cursor)
  if (parts.length !== 3 || !parts.every((part) => typeof part === 'string')) throw notACursor()
  const [owner, path, id] = parts as [string, string, string]
  return { owner, path, id }
}

function wordOf(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

function partsOf(cursor: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts)) return parts as unknown[]
  } catch {
    // Said below, in terms of the cursor.
  }
  throw notACursor()
}
