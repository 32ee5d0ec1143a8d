import { randomBytes } from 'node:crypto'
import { viewerOf, type Caller, type Viewer } from '../domain/account'
import { folderOf, isFolderPath, type BulkOperation } from '../domain/bulk'
import type { Database } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'
import { requireFilePath, type FileKey, type StoredFile } from '../domain/file'
import type { Right } from '../domain/rights'
import type { Timing } from '../domain/timing'
import { requireRight, requireRightBelow } from './access'

export interface BulkDependencies {
  database: Database
  settings: { bulkFilesMax: number; versionsKept: number; trashKeptMs: number }
  now: () => number
}

const seedBytes = 16

/** Copies, moves and deletes that happen all or not at all. */
export class BulkService {
  constructor(private readonly use: BulkDependencies) {}

  /**
   * Paths as callers write them: a folder ends in a slash, `/` is everything of the owner's.
   * @throws {AppError} `invalid`, `too_large`, and what `FileRecords.bulk` says; the field names the operation.
   */
  async run(
    caller: Caller,
    asked: readonly BulkOperation[],
    timing: Timing,
  ): Promise<StoredFile[][]> {
    const { database, settings, now } = this.use
    const { bulkFilesMax: filesMax, versionsKept, trashKeptMs } = settings
    if (asked.length > filesMax)
      throw new AppError('too_large', `there are more than ${filesMax} operations`, {
        field: 'operations',
      })
    const nowMs = now()
    const viewer = viewerOf(caller, nowMs)
    const startedAt = timing.now()
    const operations = asked.map(checked)
    await this.requireRights(viewer, operations)
    const seed = randomBytes(seedBytes).toString('base64url')
    const rest = { filesMax, seed, nowMs, versionsKept, toTrash: trashKeptMs > 0 }
    const outcome = await database.files.bulk(viewer, { operations, ...rest })
    timing.end('commit', startedAt)
    return outcome
  }

  private async requireRights(viewer: Viewer, operations: readonly BulkOperation[]): Promise<void> {
    for (const [index, { action, from, to }] of operations.entries()) {
      const needed = action === 'copy' ? 'view' : 'edit'
      await naming(`operations[${index}].from`, () => this.requireAt(viewer, from, needed))
      if (to !== null)
        await naming(`operations[${index}].to`, () => this.requireAt(viewer, to, 'edit'))
    }
  }

  private async requireAt(viewer: Viewer, key: FileKey, needed: Right): Promise<void> {
    const { database } = this.use
    if (!isFolderPath(key.path)) return requireRight(database, viewer, { key, needed })
    const folder = folderOf(key.path)
    return requireRightBelow(database, viewer, { owner: key.owner, folder, needed })
  }
}

function checked(operation: BulkOperation, index: number): BulkOperation {
  const field = `operations[${index}]`
  const from = checkedPlace(operation.from, `${field}.from.path`)
  const to = operation.to && checkedPlace(operation.to, `${field}.to.path`)
  const { action, condition } = operation
  if ((action === 'delete') !== (to === null))
    refuse(`${field}.to`, `a ${action} has ${to === null ? 'a' : 'no'} target`)
  if (to !== null && isFolderPath(from.path) !== isFolderPath(to.path))
    refuse(`${field}.to.path`, 'a file becomes a file, a folder (with a "/" at its end) a folder')
  if (condition.ifMatch !== undefined && isFolderPath(from.path))
    refuse(`${field}.ifMatch`, 'a folder has no entity tag')
  return { ...operation, from, to }
}

function checkedPlace({ owner, path }: FileKey, field: string): FileKey {
  if (path === '/') return { owner, path: '' }
  const isFolder = path.endsWith('/')
  try {
    const checkedPath = requireFilePath(isFolder ? path.slice(0, -1) : path)
    return { owner, path: isFolder ? `${checkedPath}/` : checkedPath }
  } catch (error) {
    if (isAppError(error)) refuse(field, error.message)
    throw error
  }
}

async function naming(field: string, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, error.message, { field, cause: error })
  }
}

function refuse(field: string, message: string): never {
  throw new AppError('invalid', message, { field })
}
