import { createHash } from 'node:crypto'
import type { Browse, ListingPosition } from '../domain/listing'
import { AppError } from '../domain/errors'

/** What a cursor continues: it fits no other listing. */
export type ListingQuery = Omit<Browse, 'after' | 'limit' | 'examinedMax'>

const digestBytes = 9

/** Where a page ended as an opaque word. */
export function encodeCursor(query: ListingQuery, { owner, path, key }: ListingPosition): string {
  const parts = [digestOf(query), owner, path, key]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** @throws {AppError} `invalid` unless it is a word that `encodeCursor` made for this query. */
export function decodeCursor(query: ListingQuery, cursor: string): ListingPosition {
  const position = positionOf(partsOf(cursor), digestOf(query))
  if (position !== null && encodeCursor(query, position) === cursor) return position
  throw new AppError('invalid', 'cursor is not one that this listing gave', { field: 'cursor' })
}

function positionOf(parts: unknown, digest: string): ListingPosition | null {
  if (!Array.isArray(parts)) return null
  const [made, owner, path, key] = parts as unknown[]
  if (made !== digest || typeof owner !== 'string' || typeof path !== 'string') return null
  return key === null || typeof key === 'number' || typeof key === 'string'
    ? { owner, path, key }
    : null
}

function partsOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

function digestOf({ owner, prefix, byFolder, sort, descending, filter }: ListingQuery): string {
  const query = JSON.stringify([owner, prefix, byFolder, sort, descending, Object.entries(filter)])
  return createHash('sha256').update(query).digest().subarray(0, digestBytes).toString('base64url')
}
