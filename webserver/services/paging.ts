import { AppError } from '../domain/errors'

/** @throws {AppError} `invalid` unless a page may have that many entries. */
export function requirePageLimit(limit: number, limitMax: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit
  throw new AppError('invalid', `limit must be between 1 and ${limitMax}`, { field: 'limit' })
}

/** For a cursor that no page gave, or not for this question. */
export function notACursor(): AppError {
  return new AppError('invalid', 'cursor is not one that a listing gave', { field: 'cursor' })
}
