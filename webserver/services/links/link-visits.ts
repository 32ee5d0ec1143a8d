import { viewerOf, type LinkVisitor } from '../../domain/account'
import type { Database } from '../../domain/database'
import { AppError, isAppError } from '../../domain/errors'
import { requireFilePath, type FileKey, type StoredFile } from '../../domain/file'
import type { Link } from '../../domain/link'
import type { FileFilter, ListingPosition } from '../../domain/listing'
import { parseToken } from '../../domain/secret-token'
import type { Timing } from '../../domain/timing'
import type { ArchiveService } from '../archives/archive-service'
import type { FileService, PutFile } from '../file-service'
import type { ListingService } from '../listing-service'
import type { OpenContent, OpenFile } from '../open-content'
import { notACursor } from '../paging'
import { digestOf, sameDigest } from '../secrets'
import type { LinkPasswords } from './link-passwords'

export interface LinkVisitSettings {
  uploadBytesMax: number
  useWindowMs: number
}

export interface LinkVisitDependencies {
  database: Database
  files: FileService
  listing: ListingService
  archives: ArchiveService
  passwords: LinkPasswords
  settings: LinkVisitSettings
  now: () => number
}

/** Somebody who has a link and, where it has one, its password. What they may do is judged anew by each operation. */
export interface Visit {
  link: Link
  visitor: LinkVisitor
}

/** One download of a content, for links that count them. */
export interface DownloadUse {
  /** Who it is, by what the door knows of them. */
  client: string
  etag: string
  /** Whether only a later part is asked for, as by who continues a download. */
  continues: boolean
}

export type LinkUpload = Pick<PutFile, 'contentType' | 'declaredBytes' | 'openBody'> & {
  /** Below the link's folder. */
  path: string
}

export interface LinkListingQuery {
  prefix: string
  byFolder: boolean
  cursor: string | null
  limit: number
}

/** Paths as the visitor knows them: below the link's folder. */
export interface LinkPage {
  files: StoredFile[]
  /** Each ends in a slash. */
  folders: string[]
  cursor: string | null
}

/** What the public does with links. */
export class LinkVisits {
  constructor(private readonly use: LinkVisitDependencies) {}

  /**
   * The link of a token, if it holds now. Who has no token learns nothing: a link that never was, was revoked, or whose
   * maker may no longer share is one and the same `not_found`.
   * @throws {AppError} `not_found`; `gone` to who has the token of one that has expired.
   */
  async find(text: string): Promise<Visit> {
    const token = parseToken('gl', text)
    const link = token && (await this.use.database.links.find(token.id))
    const secretHash = link?.secretHash ?? noDigest
    const isRight = sameDigest(digestOf(token?.secret ?? ''), secretHash)
    if (!link || !isRight) throw unknownLink()
    const nowMs = this.use.now()
    if (link.expiresAtMs !== null && link.expiresAtMs <= nowMs) throw noLonger()
    const visit = { link, visitor: { linkId: link.id } }
    await this.requireUpheld(visit, nowMs)
    return visit
  }

  /** @throws {AppError} what `find` says, and `LinkPasswords.require`. */
  async enter(text: string, password: string | null, timing: Timing): Promise<Visit> {
    const visit = await this.find(text)
    await this.use.passwords.require(visit.link, password, timing)
    return visit
  }

  /** @throws {AppError} `gone`. */
  requireUses({ link: { uses, usesMax } }: Visit): void {
    if (usesMax !== null && uses >= usesMax) throw noLonger()
  }

  /**
   * Of a link to a file that file; of a link to a folder the one at `path` below it.
   * @throws {AppError} `not_found`, `invalid`.
   */
  open({ link, visitor }: Visit, path: string | null, timing: Timing): Promise<OpenFile> {
    const key = path === null ? fileOf(link) : keyBelow(link, path)
    return this.use.files.get(visitor, key, timing)
  }

  /** All below a link's folder as one zip. @throws {AppError} `not_found`, `too_large`. */
  openArchive({ link, visitor }: Visit, timing: Timing): Promise<OpenContent> {
    const { owner, folder } = link
    if (folder === null) throw unknownLink()
    return this.use.archives.openFolder(visitor, { owner, folder }, timing)
  }

  /** What lies below a link's folder, in order of path. @throws {AppError} `not_found`, `invalid`, `gone`. */
  async list(visit: Visit, query: LinkListingQuery, timing: Timing): Promise<LinkPage> {
    const { link, visitor } = visit
    this.requireUses(visit)
    const { owner, path: prefix } = keyBelow(link, query.prefix.normalize('NFC'))
    const { byFolder, limit } = query
    const after = query.cursor === null ? null : positionOf(link, query.cursor)
    const asked = { owner, prefix, byFolder, limit, sort: 'path', descending: false } as const
    const { files, folders, next } = await this.use.listing.browse(
      visitor,
      { ...asked, filter: noFilter, after },
      timing,
    )
    return {
      files: files.map((file) => ({ ...file, path: pathWithin(link, file.path) })),
      folders: folders.map(({ path }) => pathWithin(link, path)),
      cursor: next && cursorOf(pathWithin(link, next.path)),
    }
  }

  /** Takes one use. @throws {AppError} `gone` when none is left. */
  async charge({ link }: Visit, use: DownloadUse): Promise<void> {
    if (link.usesMax === null) return
    const { settings, database, now } = this.use
    // Where somebody came from is not kept as such.
    const client = digestOf(`${link.secretHash} ${use.client}`)
    const { useWindowMs: windowMs } = settings
    await database.links.consume({ ...use, client, id: link.id, nowMs: now(), windowMs })
  }

  /**
   * Puts a new file into the link's folder, under a name that is free. An upload that fails is no use of the link.
   * @returns the path below the folder that the file got.
   * @throws {AppError} `not_found`, `gone`, and what `FileService.put` says.
   */
  async upload(visit: Visit, upload: LinkUpload, timing: Timing) {
    const { link, visitor } = visit
    const { path, ...rest } = upload
    const key = keyBelow(link, path)
    if (link.mode !== 'upload') throw new AppError('forbidden', 'This link is for viewing')
    await this.charge(visit, { client: '', etag: '', continues: false })
    try {
      const put = {
        ...rest,
        key,
        condition: {},
        numberWhenTaken: true,
        bytesMax: this.bytesMaxOf(visit),
      }
      const { file } = await this.use.files.put(visitor, put, timing)
      return { path: pathWithin(link, file.path), file }
    } catch (error) {
      await this.use.database.links.release({ id: link.id })
      // How much room the owner has is none of the visitor's business.
      throw isAppError(error, 'quota_exceeded') ? noRoom(error) : error
    }
  }

  /** The path of a file as a visitor of the link knows it. */
  pathOf({ link }: Visit, file: StoredFile): string {
    return pathWithin(link, file.path)
  }

  /** Of one upload. */
  bytesMaxOf({ link: { bytesMax } }: Visit): number {
    return Math.min(bytesMax ?? Infinity, this.use.settings.uploadBytesMax)
  }

  /** The records judge whether its maker may still share what it is for. */
  private async requireUpheld({ link, visitor }: Visit, nowMs: number): Promise<void> {
    const { rights } = this.use.database
    const viewer = viewerOf(visitor, nowMs)
    const { owner, folder } = link
    const held =
      folder === null
        ? await rights.ofFile(viewer, fileOf(link))
        : await rights.ofFolder(viewer, { owner, folder })
    if (held === null) throw unknownLink()
  }
}

// Compared with when there is no link, so that it takes as long.
const noDigest = digestOf('')

/** @throws {AppError} `not_found` when the file is in the trash, or the link is for a folder. */
function fileOf({ owner, path }: Link): FileKey {
  if (path === null) throw unknownLink()
  return { owner, path }
}

/** @throws {AppError} `not_found` when the link is for a file. */
function keyBelow({ owner, folder }: Link, path: string): FileKey {
  if (folder === null) throw unknownLink()
  return { owner, path: folder === '' ? path : `${folder}/${path}` }
}

const noFilter: FileFilter = {
  ...{ contentType: null, nameContains: null },
  ...{ updatedFromMs: null, updatedToMs: null, sizeMinBytes: null, sizeMaxBytes: null },
}

/** Where a page ended, as the visitor may know it: below the link's folder. */
function cursorOf(path: string): string {
  return Buffer.from(path).toString('base64url')
}

/** @throws {AppError} `invalid` for what is no cursor. */
function positionOf(link: Link, cursor: string): ListingPosition {
  const path = Buffer.from(cursor, 'base64url').toString()
  try {
    requireFilePath(path.replace(/\/$/, ''))
    if (cursorOf(path) === cursor) return { ...keyBelow(link, path), key: null }
  } catch {
    // Said below, in terms of the cursor.
  }
  throw notACursor()
}

function pathWithin({ folder }: Link, path: string): string {
  return folder === null
    ? path.slice(path.lastIndexOf('/') + 1)
    : path.slice(folder === '' ? 0 : folder.length + 1)
}

function unknownLink(): AppError {
  return new AppError('not_found', 'There is no such link')
}

function noRoom(cause: AppError): AppError {
  return new AppError('quota_exceeded', 'There is no room for this file', { cause })
}

function noLonger(): AppError {
  return new AppError('gone', 'This link no longer works')
}
