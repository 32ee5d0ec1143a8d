import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { viewerOf, type Caller, type LinkVisitor, type Viewer } from '../../domain/account'
import type { BlobStore } from '../../domain/blob-store'
import { etagOf } from '../../domain/content'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import { requireFilePath, type StoredFile } from '../../domain/file'
import type { Timing } from '../../domain/timing'
import { noSuchFile, requireOwner, requireRight, requireRightBelow } from '../access'
import { openContent, type OpenContent } from '../open-content'
import { commonFolderOf, entryNamesOf } from './entry-names'
import { layOut } from './zip-format'
import { zipOf, type ZipSource } from './zip-stream'

export interface ArchiveSettings {
  archiveFilesMax: number
}

export interface ArchiveDependencies {
  database: Database
  blobs: BlobStore
  settings: ArchiveSettings
  now: () => number
}

export interface Selection {
  owner: string
  /** Files, and folders with all below them; a path that ends with a slash is a folder, whatever else has its name. */
  paths: readonly string[]
}

const pageFilesMax = 1000

/** Many files as one: a zip whose length is known before its first byte, made while it is sent. */
export class ArchiveService {
  constructor(private readonly use: ArchiveDependencies) {}

  /**
   * A folder with all below it; `''` is all that the owner has.
   * @throws {AppError} `invalid`, `not_found`, `too_large`.
   */
  async openFolder(
    who: Caller | LinkVisitor,
    { owner, folder }: { owner: string; folder: string },
    timing: Timing,
  ): Promise<OpenContent> {
    const startedAt = timing.now()
    const path = folder === '' ? '' : requireFilePath(folder)
    const viewer = viewerOf(who, this.use.now())
    const files = await this.filesBelow(viewer, owner, path)
    timing.end('database', startedAt)
    if (files.length === 0) throw noSuchFile()
    const name = path === '' ? owner : path.slice(path.lastIndexOf('/') + 1)
    const names = entryNamesOf(
      files.map((file) => (path === '' ? `${owner}/${file.path}` : file.path)),
      commonFolderOf([path]),
    )
    return this.archiveOf(name, files, names)
  }

  /**
   * What is selected, each file once, below the deepest folder that holds it all.
   * @throws {AppError} `invalid`, `not_found` when one of the paths names nothing, `too_large`.
   */
  async openSelection(
    who: Caller | LinkVisitor,
    { owner, paths }: Selection,
    timing: Timing,
  ): Promise<OpenContent> {
    const startedAt = timing.now()
    const viewer = viewerOf(who, this.use.now())
    const files = new Map<string, StoredFile>()
    let listed = 0
    for (const path of new Set(paths)) {
      const found = await this.filesAt(viewer, owner, path)
      // Also those of folders within each other, so that no selection lists more than that.
      this.requireFew((listed += found.length))
      for (const file of found) files.set(file.path, file)
    }
    timing.end('database', startedAt)
    const folder = commonFolderOf(paths.map((path) => path.replace(/\/$/, '')))
    const name = folder === '' ? owner : folder.slice(folder.lastIndexOf('/') + 1)
    return this.archiveOf(name, [...files.values()], entryNamesOf([...files.keys()], folder))
  }

  private async filesAt(viewer: Viewer, owner: string, asked: string): Promise<StoredFile[]> {
    const path = requireFilePath(asked.replace(/\/$/, ''))
    const key = { owner, path }
    const file = asked.endsWith('/') ? null : await this.use.database.files.find(viewer, key)
    if (file !== null) {
      await requireRight(this.use.database, viewer, { key, needed: 'view' })
      return [file]
    }
    const below = await this.filesBelow(viewer, owner, path)
    if (below.length === 0) throw noSuchFile()
    return below
  }

  private async filesBelow(viewer: Viewer, owner: string, folder: string): Promise<StoredFile[]> {
    const { database } = this.use
    await requireRightBelow(database, viewer, { owner, folder, needed: 'view' })
    await requireOwner(database, owner)
    const prefix = folder === '' ? '' : `${folder}/`
    const files: StoredFile[] = []
    for (;;) {
      const after = files.at(-1) ?? null
      const page = await database.files.list(viewer, { owner, prefix, after, limit: pageFilesMax })
      files.push(...page)
      this.requireFew(files.length)
      if (page.length < pageFilesMax) return files
    }
  }

  private requireFew(count: number): void {
    const { archiveFilesMax } = this.use.settings
    if (count <= archiveFilesMax) return
    throw new AppError('too_large', `An archive holds at most ${archiveFilesMax} files`)
  }

  private archiveOf(name: string, files: readonly StoredFile[], names: readonly string[]) {
    const sources: ZipSource[] = files.map((file, index) => ({
      name: names[index]!,
      sizeBytes: file.sizeBytes,
      modifiedAtMs: file.updatedAtMs,
      read: () => openContent(this.use.blobs, file).read(0, file.sizeBytes - 1),
    }))
    const { lengthBytes } = layOut(sources)
    return {
      file: {
        path: `${name}.zip`,
        contentType: 'application/zip',
        sizeBytes: lengthBytes,
        etag: etagOfArchive(sources, files),
        sha256: null,
        updatedAtMs: null,
      },
      location: null,
      read: (startByte: number, endByte: number) =>
        Promise.resolve(Readable.from(zipOf(sources, startByte, endByte), { objectMode: false })),
    } satisfies OpenContent
  }
}

/** Of all that the bytes follow from. */
function etagOfArchive(sources: readonly ZipSource[], files: readonly StoredFile[]): string {
  const lines = sources.map(({ name, modifiedAtMs }, index) =>
    [name, modifiedAtMs, files[index]!.etag].join('\n'),
  )
  return etagOf(hash('sha256', ['zip 1', ...lines].join('\n')))
}
