import { AppError } from '../domain/errors'
import { requireFilePath, type FileKey } from '../domain/file'

/** The last key of a page as an opaque word. An owner's name has no `/`. */
export function encodeCursor({ owner, path }: FileKey): string {
  return Buffer.from(`${owner}/${path}`).toString('base64url')
}

/** @throws {AppError} `invalid` unless it is a word that `encodeCursor` made. */
export function decodeCursor(cursor: string): FileKey {
  const text = Buffer.from(cursor, 'base64url').toString()
  const slash = text.indexOf('/')
  const key = { owner: text.slice(0, slash), path: text.slice(slash + 1) }
  try {
    requireFilePath(key.path)
    if (slash > 0 && encodeCursor(key) === cursor) return key
  } catch {
    // Said below, in terms of the cursor.
  }
  throw new AppError('invalid', 'cursor is not one that a listing gave', { field: 'cursor' })
}
