import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { viewerOf } from '../../domain/account'
import type { Amendment, FileCommit } from '../../domain/database'
import { AppError, isAppError } from '../../domain/errors'
import type { Content } from '../../domain/content'
import type { FileCondition, FileKey } from '../../domain/file'
import type { Timing } from '../../domain/timing'
import type { Sender, UploadDependencies, UploadResult } from './upload'

/** Bytes that are durable and have no name in the store yet. */
export interface SealedBytes {
  sha256: string
  /** May be repeated until the database took the reference. */
  publish(): Promise<{ linked: boolean }>
}

/** The last step of every way in, the same whatever the content is made of. */
export interface ContentCommit {
  key: FileKey
  contentType: string
  condition: FileCondition
  /** Null keeps what the file has. */
  metadata: Readonly<Record<string, string>> | null
  content: Content
  /** Of a content that is made out of the one it replaces. */
  amendment?: Amendment
  /** Those of the content's blobs that come with it. */
  sealed: readonly SealedBytes[]
  /** As in `FileCommit`. */
  numberWhenTaken?: boolean
  /** The reservation or upload that this ends. */
  upload: FileCommit['upload']
}

type Use = Pick<UploadDependencies, 'database' | 'settings' | 'now'>

const attemptsMax = 8
const pauseMs = 20

/**
 * Publishes the new blobs and commits the content that they are part of: one name for each, one directory synced, one
 * command, however many bytes there are. A commit that is refused leaves, at worst, blobs for the sweep.
 * @throws {AppError} as `FileRecords.commit` says.
 */
export async function commitContent(
  use: Use,
  who: Sender,
  commit: ContentCommit,
  timing: Timing,
): Promise<UploadResult> {
  const { content, sealed, ...rest } = commit
  const args = {
    ...{ ...rest, ...content, id: randomUUID() },
    versionsKept: use.settings.versionsKept,
  }
  for (let attempt = 1; ; attempt++) {
    const linked = await publishAll(sealed)
    const startedAt = timing.now()
    const result = await tryCommit(use, who, { ...args, nowMs: use.now(), linked })
    timing.end('commit', startedAt)
    if (!(result instanceof AppError)) return result
    if (attempt === attemptsMax) throw result
    await delay(pauseMs * attempt)
  }
}

/** @returns the digests whose names this call made. */
async function publishAll(sealed: readonly SealedBytes[]): Promise<string[]> {
  const linked: string[] = []
  for (const bytes of sealed) if ((await bytes.publish()).linked) linked.push(bytes.sha256)
  return linked
}

/** @returns the error when a content found on disk is just being swept; then it is published and committed anew. */
async function tryCommit(
  use: Use,
  who: Sender,
  commit: FileCommit,
): Promise<UploadResult | AppError> {
  try {
    return await use.database.files.commit(viewerOf(who, commit.nowMs), commit)
  } catch (error) {
    if (isAppError(error, 'unavailable') && error.field === 'sha256') return error
    for (const sha256 of commit.linked) await recordOrphan(use, sha256)
    throw error
  }
}

/** Should this fail too, the blob is found at the next start. */
async function recordOrphan({ database, now }: Use, sha256: string): Promise<void> {
  await database.blobs.recordOrphan({ sha256, nowMs: now() }).catch(() => undefined)
}
