import { closeSync, fsyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { syncDirectory } from '../directory'
import {
  fileName,
  isBusy,
  openReadConnection,
  openWriteConnection,
  type Connection,
} from './connection'

const pagesPerStep = 1024
const busyDelayMs = 20
const busyTimeoutMs = 30_000

/**
 * Copies the database as it is at one moment, while others go on changing it, into an empty directory.
 * @param onProgress receives the share that is done, from 0 to 1.
 */
export async function copySqlite(
  directory: string,
  toDirectory: string,
  onProgress: (share: number) => void,
): Promise<void> {
  const connection = await openForCopy(directory)
  const path = join(toDirectory, fileName)
  try {
    await connection.backup(path, {
      progress({ totalPages, remainingPages }) {
        onProgress(totalPages === 0 ? 0 : 1 - remainingPages / totalPages)
        return pagesPerStep
      },
    })
  } finally {
    connection.close()
  }
  makeSelfContained(toDirectory)
  syncFile(path)
  syncDirectory(toDirectory)
}

/**
 * All steps of a copy read within one transaction, and so of one moment: without it, the copy would begin anew with
 * each commit of the writer, and never end under load.
 */
async function openForCopy(directory: string): Promise<Connection> {
  for (let waitedMs = 0; ; waitedMs += busyDelayMs) {
    const connection = openReadConnection(directory)
    try {
      connection.exec('BEGIN')
      connection.prepare('SELECT count(*) FROM sqlite_schema').get()
      return connection
    } catch (error) {
      connection.close()
      if (!isBusy(error) || waitedMs >= busyTimeoutMs) throw error
    }
    await delay(busyDelayMs)
  }
}

/** Without a write-ahead log beside it, one file is the whole database, and can be looked at where nothing may be written. */
function makeSelfContained(directory: string): void {
  const connection = openWriteConnection(directory)
  connection.pragma('journal_mode = DELETE')
  connection.close()
}

/** Only for a copy that nothing has open any more: between processes that share it, a database is touched by SQLite alone. */
function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
