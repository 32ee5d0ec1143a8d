import type { BlobStore } from '../domain/blob-store'
import type { Database } from '../domain/database'
import { sweepDrafts } from './uploads/draft-sweep'

export interface MaintenanceSettings {
  sweepIntervalMs: number
  /** Must be far longer than an upload takes from publishing its blob to committing it. */
  sweepAgeMs: number
  sessionIdleTimeoutMs: number
  /** How long a link is kept after it expired. */
  expiredLinkKeptMs: number
  /** Earlier versions that each file keeps. */
  versionsKept: number
  /** How long a version is kept after it was replaced. */
  versionKeptMs: number
  trashKeptMs: number
}

export interface StepDependencies {
  database: Database
  blobs: BlobStore
  settings: MaintenanceSettings
  now: () => number
}

/** Work that a pass repeats while it finds full batches, so that it never holds the writer or the disk for long. */
export interface MaintenanceStep {
  name: string
  /** @returns how many were found; as many as `batchMax` when there may be more. */
  batch(): Promise<number>
}

/** What one batch does at most. */
export const batchMax = 100

/** Everything that goes by itself, in the order of a pass. Each step fails alone. */
export function maintenanceSteps(use: StepDependencies): MaintenanceStep[] {
  return [
    { name: 'purge the trash', batch: () => purgeTrash(use) },
    { name: 'prune old versions', batch: () => pruneVersions(use) },
    { name: 'prune surplus versions', batch: pruningSurplus(use) },
    { name: 'expire uploads', batch: () => expireUploads(use) },
    { name: 'sweep drafts', batch: () => removeDrafts(use) },
    { name: 'condemn blobs', batch: () => condemn(use) },
    { name: 'forget blobs', batch: () => forget(use) },
    { name: 'delete expired links', batch: () => deleteLinks(use) },
    { name: 'delete sessions', batch: () => deleteSessions(use) },
    { name: 'delete grants', batch: () => deleteGrants(use) },
  ]
}

function purgeTrash({ database, settings, now }: StepDependencies): Promise<number> {
  const nowMs = now()
  const deletedBeforeMs = nowMs - settings.trashKeptMs
  return database.trash.purge({ deletedBeforeMs, nowMs, limit: batchMax })
}

function pruneVersions({ database, settings, now }: StepDependencies): Promise<number> {
  const nowMs = now()
  const replacedBeforeMs = nowMs - settings.versionKeptMs
  return database.versions.prune({ replacedBeforeMs, nowMs, limit: batchMax })
}

/** Commits keep to the policy themselves: this is for when it was lowered. Each pass goes on where the last one ended. */
function pruningSurplus({ database, settings, now }: StepDependencies): () => Promise<number> {
  let afterFileId = ''
  return async () => {
    const { versionsKept } = settings
    const args = { versionsKept, nowMs: now(), afterFileId, limit: batchMax }
    const { nextAfterFileId } = await database.versions.pruneSurplus(args)
    afterFileId = nextAfterFileId ?? ''
    return nextAfterFileId === null ? 0 : batchMax
  }
}

/**
 * A digest is unlinked only soon after it was condemned: a process that was stopped for so long that the record may
 * have been forgotten, and the content uploaded anew, must not unlink it then. While a backup copies, none is.
 */
async function condemn({ database, blobs, settings, now }: StepDependencies): Promise<number> {
  const startedAt = performance.now()
  const nowMs = now()
  const beforeMs = nowMs - settings.sweepAgeMs
  // Asked after the time was read: what a hold taken from now on relies on lost no reference before then.
  if (await blobs.isHeld()) return 0
  const digests = await database.blobs.condemn({ beforeMs, nowMs, limit: batchMax })
  for (const sha256 of digests) {
    if (performance.now() - startedAt > settings.sweepAgeMs / 2) break
    await blobs.remove(sha256)
  }
  return digests.length
}

function forget({ database, settings, now }: StepDependencies): Promise<number> {
  const beforeMs = now() - settings.sweepAgeMs
  return database.blobs.forget({ beforeMs, limit: batchMax })
}

/** The rows first: a draft without one is found by its age, a row without its draft would promise what is not there. */
async function expireUploads({ database, blobs, now }: StepDependencies): Promise<number> {
  const { ended, drafts } = await database.uploads.expire({ nowMs: now(), limit: batchMax })
  for (const name of drafts) await blobs.removeDraft(name)
  return ended
}

/** All at once: there are few, and a listing has no place to go on from. */
async function removeDrafts(use: StepDependencies): Promise<number> {
  await sweepDrafts(use, use.settings.sweepAgeMs)
  return 0
}

function deleteLinks({ database, settings, now }: StepDependencies): Promise<number> {
  const beforeMs = now() - settings.expiredLinkKeptMs
  return database.links.deleteExpired({ beforeMs, limit: batchMax })
}

function deleteSessions({ database, settings, now }: StepDependencies): Promise<number> {
  const nowMs = now()
  const seenBeforeMs = nowMs - settings.sessionIdleTimeoutMs
  return database.sessions.deleteExpired({ nowMs, seenBeforeMs, limit: batchMax })
}

/** They count no more since they expired; this gives their room back. */
function deleteGrants({ database, now }: StepDependencies): Promise<number> {
  return database.grants.deleteExpired({ nowMs: now(), limit: batchMax })
}
