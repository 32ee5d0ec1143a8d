import { createHash } from 'node:crypto'
import { folderOf, isFolderPath, type BulkOperation, type BulkRequest } from '../domain/bulk'
import type { FileCommit } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'
import { requireFilePath, type FileKey, type StoredFile } from '../domain/file'
import type { Right } from '../domain/rights'

type Part = 'from' | 'to' | 'ifMatch'

/** Names in an error the operation, and the part of it, that it came from. */
export function inItem<T>(index: number, part: Part, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!isAppError(error)) throw error
    const { code, message, retryAfterS } = error
    const field = `operations[${index}].${part}`
    throw new AppError(code, message, {
      field,
      cause: error,
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    })
  }
}

/** Counts what the operations reach, and gives copies their ids: the same for the same request. */
export class BulkBudget {
  private ids = 0
  private left: number

  constructor(private readonly request: Pick<BulkRequest, 'filesMax' | 'seed'>) {
    this.left = request.filesMax
  }

  /** One row more than may be reached tells that there are too many. */
  get limit(): number {
    return this.left + 1
  }

  /** @throws {AppError} `not_found` when nothing is there; `too_large`. */
  take(count: number): void {
    if (count === 0) throw new AppError('not_found', 'there is no such file')
    this.left -= count
    if (this.left >= 0) return
    const { filesMax } = this.request
    throw new AppError('too_large', `the operations reach more than ${filesMax} files`)
  }

  nextId(): string {
    const digest = createHash('sha256').update(`${this.request.seed} ${this.ids++}`).digest()
    return digest.subarray(0, 16).toString('base64url')
  }
}

/**
 * What is taken to another account is out of its owner's reach. Who may edit may undo what others did, not make that
 * impossible.
 */
export function rightNeededAtSource({ action, from, to }: BulkOperation): Right {
  if (action === 'copy') return 'view'
  return to !== null && to.owner !== from.owner ? 'manage' : 'edit'
}

/** @throws {AppError} `conflict` when something would become a part of itself. */
export function requireApart({ from, to }: BulkOperation): void {
  if (to?.owner !== from.owner) return
  const isWithin = isFolderPath(from.path) ? to.path.startsWith(from.path) : to.path === from.path
  if (isWithin) throw new AppError('conflict', 'this lies within what it is made of')
}

/** Where a file goes. @throws {AppError} `invalid` when the path is too long. */
export function placeFor(path: string, { from, to }: BulkOperation): FileKey {
  const { owner, path: target } = to!
  const isFolder = isFolderPath(from.path)
  return { owner, path: requireFilePath(isFolder ? target + path.slice(from.path.length) : target) }
}

/** @throws {AppError} `conflict` when a file is there that need not give way. */
export function requireFree(there: FileKey | undefined, { overwrite }: BulkOperation): void {
  if (there === undefined || overwrite) return
  throw new AppError('conflict', `there is a file at ${there.path}`)
}

export function copyOf(
  source: StoredFile,
  key: FileKey,
  { nowMs, versionsKept, id }: Pick<FileCommit, 'nowMs' | 'versionsKept' | 'id'>,
): FileCommit {
  const { sizeBytes, etag, sha256, extents, contentType, metadata } = source
  return {
    ...{ id, key, sizeBytes, etag, sha256, extents, contentType, metadata, nowMs, versionsKept },
    ...{ condition: {}, linked: [], upload: null },
  }
}

/** What shares of a folder and of those below become when it moves: `a`, `a/b` → `x`, `x/b`. */
export function movedFolder(folder: string, { from, to }: BulkOperation): string {
  const [old, fresh] = [folderOf(from.path), folderOf(to!.path)]
  const rest = folder.slice(old.length)
  return fresh === '' ? rest.slice(1) : old === '' ? `${fresh}/${rest}` : fresh + rest
}
