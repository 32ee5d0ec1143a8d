import { closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { extentsOf, type Content } from '../../domain/content'
import { syncDirectory } from '../directory'
import type { DatabaseCounts, StoredContent } from '../prepared-database'
import { fileName, type Tables } from './document'

/** The document is only ever replaced, never changed: a copy is one moment's. */
export function copyDebug(directory: string, toDirectory: string): void {
  const path = join(toDirectory, fileName)
  copyFileSync(join(directory, fileName), path)
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  syncDirectory(toDirectory)
}

export function storedContents(tables: Tables): StoredContent[] {
  const found = new Map<string, StoredContent>()
  for (const content of contentsIn(tables))
    for (const { sha256, startByte, lengthBytes } of extentsOf(content)) {
      const before = found.get(sha256)
      found.set(sha256, {
        sha256,
        sizeBytes: Math.max(before?.sizeBytes ?? 0, startByte + lengthBytes),
        isWhole: content.extents === null || before?.isWhole === true,
      })
    }
  return [...found.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
}

function contentsIn({ files, versions, trash }: Tables): Content[] {
  return [...files.values(), ...versions.values(), ...trash.values()]
}

export function countRecords({ accounts, files, versions, trash }: Tables): DatabaseCounts {
  return {
    accounts: accounts.size,
    files: files.size,
    versions: versions.size,
    trash: trash.size,
  }
}

/** What uploads in hand reserved is given back with them. */
export function forgetUploads(tables: Tables): number {
  const { size } = tables.uploads
  tables.uploads.clear()
  for (const account of tables.accounts.values()) Object.assign(account, { reservedBytes: 0 })
  return size
}
