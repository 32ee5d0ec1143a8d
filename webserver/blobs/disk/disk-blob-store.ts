import { randomBytes } from 'node:crypto'
import { constants, open as openCallback } from 'node:fs'
import { open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { BlobDraft, BlobStore, ResumedDraft, StoredBlob } from '../../domain/blob-store'
import type { Timing } from '../../domain/timing'
import { noFaults, type FaultPoints } from '../../platform/fault-points'
import { BlobDirectories, makeDirectory } from './directories'
import { DiskDraft } from './disk-draft'
import { watched, type RequireSpace } from './free-space'
import { isHeld } from './holds'
import { nullIfAbsent, onDisk } from './disk-errors'
import { publish, type BlobPlace } from './publish'
import { openResumedDraft } from './resumed-draft'

export interface DiskPaths {
  blobs: string
  /** On the file system of `blobs`, so that a draft becomes a blob by a second name rather than a copy. */
  drafts: string
  holds: string
}

const openFile = promisify(openCallback)
const readChunkBytes = 256 * 1024
const { O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, O_NOFOLLOW } = constants

/**
 * Makes the directories that are missing.
 * @throws {Error} when they cannot be used, with a sentence for who runs the service.
 */
export async function openDiskBlobStore(
  paths: DiskPaths,
  faults: FaultPoints = noFaults,
  requireSpace: RequireSpace = () => Promise.resolve(),
): Promise<BlobStore> {
  const directories = faults.around('directories', new BlobDirectories(paths.blobs))
  await directories.prepare()
  await makeDirectory(paths.drafts)
  const [blobs, drafts] = await Promise.all([stat(paths.blobs), stat(paths.drafts)])
  if (blobs.dev !== drafts.dev)
    throw new Error(`${paths.drafts} and ${paths.blobs} must be on one file system`)
  const store = new DiskBlobStore(paths, directories, requireSpace)
  return faults.around('store', store, { createDraft: 'draft', openDraft: 'draft' })
}

/**
 * Blobs as files (DESIGN D4): a draft is written and synced under a random name, then linked under its digest, and its
 * directory synced. Any number of processes may use one store at once.
 */
class DiskBlobStore implements BlobStore {
  constructor(
    private readonly paths: DiskPaths,
    private readonly directories: BlobDirectories,
    private readonly requireSpace: RequireSpace,
  ) {}

  async createDraft(timing: Timing): Promise<BlobDraft> {
    const startedAt = timing.now()
    const path = join(this.paths.drafts, randomBytes(16).toString('base64url'))
    const fd = await onDisk(() => openFile(path, O_CREAT | O_EXCL | O_WRONLY, 0o600))
    timing.end('write', startedAt)
    return watched(new DiskDraft({ fd, path }, this.place, timing), this.requireSpace)
  }

  async read(sha256: string, startByte: number, endByte: number): Promise<Readable> {
    if (endByte < startByte) return Readable.from([])
    const handle = await onDisk(() => open(this.pathOf(sha256), O_RDONLY | O_NOFOLLOW))
    // The stream closes the handle at its end, on an error and when it is destroyed.
    return handle.createReadStream({
      start: startByte,
      end: endByte,
      highWaterMark: readChunkBytes,
      autoClose: true,
    })
  }

  location(sha256: string): string {
    return this.directories.locate(sha256)
  }

  async remove(sha256: string): Promise<void> {
    await unlink(this.pathOf(sha256)).catch(nullIfAbsent)
  }

  inspect(after: string): AsyncIterable<StoredBlob> {
    return this.directories.inspect(after)
  }

  async sizeOf(sha256: string): Promise<number | null> {
    return (await stat(this.pathOf(sha256)).catch(nullIfAbsent))?.size ?? null
  }

  list(): AsyncIterable<string> {
    return this.directories.list()
  }

  isHeld(): Promise<boolean> {
    return isHeld(this.paths.holds)
  }

  async openDraft(
    name: string,
    args: { offsetBytes: number; apart: boolean },
  ): Promise<ResumedDraft> {
    return watched(await openResumedDraft(this.draftPath(name), args), this.requireSpace)
  }

  publishDraft(
    name: string,
    body: { sha256: string; sizeBytes: number },
  ): Promise<{ linked: boolean }> {
    return publish(this.draftPath(name), body, this.place)
  }

  async *listDrafts(): AsyncGenerator<{ name: string; untouchedMs: number }> {
    for (const name of await readdir(this.paths.drafts)) {
      const found = await stat(this.draftPath(name)).catch(nullIfAbsent)
      if (found !== null) yield { name, untouchedMs: Date.now() - found.mtimeMs }
    }
  }

  async removeDraft(name: string): Promise<void> {
    await unlink(this.draftPath(name)).catch(nullIfAbsent)
  }

  close(): Promise<void> {
    return this.directories.close()
  }

  private get place(): BlobPlace {
    return { root: this.paths.blobs, directories: this.directories }
  }

  private draftPath(name: string): string {
    return join(this.paths.drafts, name)
  }

  private pathOf(sha256: string): string {
    return join(this.paths.blobs, this.location(sha256))
  }
}
