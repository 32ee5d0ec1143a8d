import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { StoredFile } from '../../domain/file'
import type { Session } from '../../domain/session'
import { syncDirectory } from '../directory'

export interface FileRow extends StoredFile {
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
  blobs: Map<string, BlobRow>
}

interface Document {
  version: number
  accounts: Account[]
  sessions: Session[]
  files: FileRow[]
  blobs: BlobRow[]
}

const fileName = 'database.json'
const currentVersion = 1

/** @throws {AppError} `unsupported` when a newer program wrote the document or it cannot be read. */
export function loadTables(directory: string): Tables {
  const { version, accounts, sessions, files, blobs } = parse(readText(directory))
  if (version > currentVersion)
    throw new AppError(
      'unsupported',
      `the database has version ${version}, this program knows versions up to ${currentVersion}: start the newer program`,
    )
  return {
    accounts: new Map(accounts.map((account) => [account.id, account])),
    sessions: new Map(sessions.map((session) => [session.id, session])),
    files: new Map(files.map((file) => [fileKeyOf(file), file])),
    blobs: new Map(blobs.map((blob) => [blob.sha256, blob])),
  }
}

export function fileKeyOf({ owner, path }: { owner: string; path: string }): string {
  return `${owner}/${path}`
}

/** Replaces the document durably: after a crash there is the old one or the new one, whole. */
export function saveTables(directory: string, tables: Tables): void {
  const document: Document = {
    version: currentVersion,
    accounts: [...tables.accounts.values()],
    sessions: [...tables.sessions.values()],
    files: [...tables.files.values()],
    blobs: [...tables.blobs.values()],
  }
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
  if (text === null)
    return { version: currentVersion, accounts: [], sessions: [], files: [], blobs: [] }
  try {
    return JSON.parse(text) as Document
  } catch (error) {
    throw new AppError('unsupported', `${fileName} is not JSON any more`, { cause: error })
  }
}
