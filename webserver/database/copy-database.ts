import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema'
import { fileName as documentName } from './debug/document'
import { copyDebug } from './debug/snapshot'
import { fileName as sqliteName } from './sqlite/connection'
import { copySqlite } from './sqlite/snapshot'

export type DatabaseKind = Config['database']['kind']

const fileNames: Readonly<Record<DatabaseKind, string>> = {
  sqlite: sqliteName,
  debug: documentName,
}

export interface DatabaseCopy {
  kind: DatabaseKind
  /** Of the directory that the service has its data in. */
  from: string
  /** An empty directory. */
  to: string
  /** Receives the share that is done, from 0 to 1. */
  onProgress(share: number): void
}

/** The file that is the whole database, once it was copied. */
export function databaseFileOf(kind: DatabaseKind): string {
  return fileNames[kind]
}

export function hasDatabase(directory: string, kind: DatabaseKind): boolean {
  return existsSync(join(directory, fileNames[kind]))
}

/** Copies the data as they are at one moment, durably, while a service goes on changing them. */
export async function copyDatabase({ kind, from, to, onProgress }: DatabaseCopy): Promise<void> {
  if (kind === 'sqlite') await copySqlite(from, to, onProgress)
  else copyDebug(from, to)
  onProgress(1)
}
