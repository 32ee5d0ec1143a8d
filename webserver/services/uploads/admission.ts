import { roomOf, type Viewer } from '../../domain/account'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import {
  conditionHolds,
  type FileCondition,
  type FileKey,
  type StoredFile,
} from '../../domain/file'
import { requireOwner, requireRight } from '../access'
import { quotaRefusal } from '../quota-refusal'
import type { UploadDependencies, UploadSettings } from './upload'

export interface Asked {
  key: FileKey
  condition: FileCondition
  /** Of the whole content, as far as the sender has said; null when it has not. */
  contentBytes: number | null
  /** Most bytes that this sender may send. */
  bytesMax?: number
}

/** How many bytes a content may have, and which limit that is. */
export interface Room {
  /** The file that is there already, as far as the sender may know. */
  current: StoredFile | null
  bytesMax: number
  refusal: () => AppError
}

/**
 * Refuses what can be refused before a body is sent. All of it is decided once more, exactly, by the commit.
 * @throws {AppError} `not_found`, `forbidden`, `precondition_failed`, `precondition_required`, `too_large`,
 * `quota_exceeded`, `storage_full`.
 */
export async function admit(
  use: Pick<UploadDependencies, 'database' | 'settings' | 'requireSpace'>,
  viewer: Viewer,
  { key, condition, contentBytes, bytesMax = Infinity }: Asked,
): Promise<Room> {
  const { database, settings } = use
  const current = await requirePlace(database, viewer, key)
  requireHolding(condition, current, settings)
  const owner = await requireOwner(database, key.owner)
  const replacedBytes = current === null ? 0 : current.sizeBytes + owner.versionBytes
  const quotaLeftBytes = Math.max(0, roomOf(owner) + replacedBytes)
  const uploadBytesMax = Math.min(settings.uploadBytesMax, bytesMax)
  const limit = limitOf(uploadBytesMax, quotaLeftBytes, (message) =>
    quotaRefusal(owner, viewer, message),
  )
  const room = { ...limit, current }
  if (contentBytes !== null && contentBytes > room.bytesMax) throw room.refusal()
  await use.requireSpace?.(contentBytes ?? 0)
  return room
}

/** Who may only add sees nothing: whether there is a file already, their commit finds out. */
async function requirePlace(
  database: Database,
  viewer: Viewer,
  key: FileKey,
): Promise<StoredFile | null> {
  await requireRight(database, viewer, { key, needed: viewer.linkId === null ? 'edit' : 'add' })
  return database.files.find(viewer, key)
}

function requireHolding(
  condition: FileCondition,
  current: StoredFile | null,
  { requireCondition }: UploadSettings,
): void {
  if (requireCondition && current !== null) requireSomeCondition(condition)
  if (conditionHolds(condition, current?.etag ?? null)) return
  throw new AppError('precondition_failed', 'The file is not what the condition asks for')
}

/** @throws {AppError} `precondition_required`. */
export function requireSomeCondition({ ifMatch, ifNoneMatch }: FileCondition): void {
  if (ifMatch !== undefined || ifNoneMatch !== undefined) return
  throw new AppError(
    'precondition_required',
    'Say with If-Match or If-None-Match what you believe to replace',
    { field: 'If-Match' },
  )
}

function limitOf(
  uploadBytesMax: number,
  quotaLeftBytes: number,
  refusalOf: (message: string) => AppError,
): Omit<Room, 'current'> {
  if (uploadBytesMax <= quotaLeftBytes)
    return {
      bytesMax: uploadBytesMax,
      refusal: () => new AppError('too_large', `An upload has at most ${uploadBytesMax} bytes`),
    }
  return {
    bytesMax: quotaLeftBytes,
    refusal: () => refusalOf(`The account has room for ${quotaLeftBytes} bytes more`),
  }
}
