import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../../domain/account'
import { etagOf, type Content } from '../../domain/content'
import { AppError } from '../../domain/errors'
import type { Link, OpenUse } from '../../domain/link'
import type { StoredFile } from '../../domain/file'
import type { grantableRights } from '../../domain/rights'
import type { Session } from '../../domain/session'
import type { UploadSession } from '../../domain/upload'
import { syncDirectory } from '../directory'

export interface FileRow extends StoredFile {
  ownerId: string
}

export interface VersionRow extends Content {
  fileId: string
  version: number
  ownerId: string
  contentType: string
  createdAtMs: number
  replacedAtMs: number
}

export interface TrashRow extends FileRow {
  deletedAtMs: number
}

export interface GroupRow {
  id: string
  name: string
  createdAtMs: number
}

export interface MemberRow {
  groupId: string
  accountId: string
  role: 'manager' | 'member'
  sinceMs: number
}

/** For a file by its id, or for all below a folder. */
export interface ShareTarget {
  ownerId: string
  fileId: string | null
  folder: string | null
}

export interface GrantRow extends ShareTarget {
  id: string
  accountId: string | null
  groupId: string | null
  right: (typeof grantableRights)[number]
  expiresAtMs: number | null
  createdBy: string
  createdAtMs: number
}

/** `createdBy` is the id of the account here. */
export interface LinkRow extends Omit<Link, 'owner' | 'path'> {
  ownerId: string
  openUses: readonly OpenUse[]
}

export interface UploadRow extends UploadSession {
  ownerId: string
}

export interface BlobRow {
  sha256: string
  state: 'live' | 'condemned'
  refs: number
  /** When it lost its last reference, or was condemned. */
  sinceMs: number
}

/** Everything there is, in one document, so that what changes together is replaced together. */
export interface Tables {
  accounts: Map<string, Account>
  sessions: Map<string, Session>
  /** By `owner/path`: a name has no slash. */
  files: Map<string, FileRow>
  /** By `fileId/version`. */
  versions: Map<string, VersionRow>
  trash: Map<string, TrashRow>
  uploads: Map<string, UploadRow>
  groups: Map<string, GroupRow>
  /** By `groupId/accountId`. */
  members: Map<string, MemberRow>
  grants: Map<string, GrantRow>
  links: Map<string, LinkRow>
  blobs: Map<string, BlobRow>
}

type RowOf<K extends keyof Tables> = Tables[K] extends Map<string, infer Row> ? Row : never
/** Tables that came with a later version of the program may be missing. */
type Document = { version: number } & { [K in keyof Tables]?: RowOf<K>[] }

/** How each table's rows are named; its keys are the tables that a document has. */
const keyOf: { [K in keyof Tables]: (row: RowOf<K>) => string } = {
  accounts: ({ id }) => id,
  sessions: ({ id }) => id,
  files: fileKeyOf,
  versions: versionKeyOf,
  trash: ({ id }) => id,
  uploads: ({ id }) => id,
  groups: ({ id }) => id,
  members: ({ groupId, accountId }) => `${groupId}/${accountId}`,
  grants: ({ id }) => id,
  links: ({ id }) => id,
  blobs: ({ sha256 }) => sha256,
}
const tableNames = Object.keys(keyOf) as (keyof Tables)[]

export const fileName = 'database.json'
const currentVersion = 2

/** @throws {AppError} `unsupported` when a newer program wrote the document or it cannot be read. */
export function loadTables(directory: string): Tables {
  const document = parse(readText(directory))
  if (document.version > currentVersion)
    throw new AppError(
      'unsupported',
      `the database has version ${document.version}, this program knows versions up to ${currentVersion}: start the newer program`,
    )
  if (document.version === 1) migrateFromFirst(document)
  const mapOf = (name: keyof Tables) => {
    const nameOf = keyOf[name] as (row: unknown) => string
    return new Map((document[name] ?? []).map((row) => [nameOf(row), row]))
  }
  return Object.fromEntries(tableNames.map((name) => [name, mapOf(name)])) as unknown as Tables
}

/** Version 1 knew one blob for each file, and nothing but files. */
function migrateFromFirst(document: Document): void {
  for (const account of document.accounts ?? [])
    Object.assign(account, { versionBytes: 0, trashBytes: 0, reservedBytes: 0 })
  for (const file of document.files ?? [])
    Object.assign(file, {
      etag: etagOf(file.sha256!),
      extents: null,
      metadata: {},
      metaVersion: 1,
    })
}

export function versionKeyOf({ fileId, version }: { fileId: string; version: number }): string {
  return `${fileId}/${version}`
}

export function fileKeyOf({ owner, path }: { owner: string; path: string }): string {
  return `${owner}/${path}`
}

/** Replaces the document durably: after a crash there is the old one or the new one, whole. */
export function saveTables(directory: string, tables: Tables): void {
  const rows = tableNames.map((name) => [name, [...tables[name].values()]])
  const document = { version: currentVersion, ...Object.fromEntries(rows) } as Document
  const path = join(directory, fileName)
  const fd = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeFileSync(fd, JSON.stringify(document, null, 2) + '\n')
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${path}.new`, path)
  syncDirectory(directory)
}

function readText(directory: string): string | null {
  try {
    return readFileSync(join(directory, fileName), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(text: string | null): Document {
  if (text === null) return { version: currentVersion }
  try {
    return JSON.parse(text) as Document
  } catch (error) {
    throw new AppError('unsupported', `${fileName} is not JSON any more`, { cause: error })
  }
}
