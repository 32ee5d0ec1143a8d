import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { AppError } from '../../domain/errors'

export type Connection = Sqlite.Database

export const fileName = 'gristmill.sqlite'

/** https://sqlite.org/fileformat2.html#walformat */
const frameHeaderBytes = 24

/**
 * `timeout: 0` everywhere: the library waits for locks by stopping the event loop. Who meets a lock tries again later.
 * Between processes the file is touched through SQLite alone: opening and closing it in any other way would drop this
 * process's locks on it.
 */
export function openWriteConnection(directory: string): Connection {
  const connection = new Sqlite(join(directory, fileName), { timeout: 0 })
  connection.pragma('journal_mode = WAL')
  // FULL: a commit returns when the log is on the disk. Who writes much says when to checkpoint (`boundLog`).
  connection.pragma('synchronous = FULL')
  connection.pragma('wal_autocheckpoint = 0')
  connection.pragma('foreign_keys = ON')
  return connection
}

/**
 * Has a commit that leaves more than so many bytes in the log move them to the database, as far as no reader is in the middle of
 * them; the log is then written from its beginning again, and is cut only where it grew beyond. To overwrite it takes no
 * change of its length or place, which the file system would have to make durable too: a commit takes a third of the time. The
 * operations are durable in the log even when moving them fails; a later commit tries again.
 */
export function boundLog(connection: Connection, bytesMax: number): void {
  const frameBytes = (connection.pragma('page_size', { simple: true }) as number) + frameHeaderBytes
  connection.pragma(`wal_autocheckpoint = ${Math.ceil(bytesMax / frameBytes)}`)
  connection.pragma(`journal_size_limit = ${bytesMax}`)
}

export function openReadConnection(directory: string): Connection {
  const path = join(directory, fileName)
  return new Sqlite(path, { timeout: 0, readonly: true, fileMustExist: true })
}

/** Another process holds a lock: nothing was done. */
export function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)
}

/** Translates what SQLite may meet in ordinary operation; the rest are bugs and stay as they are. */
export function translated(error: unknown): unknown {
  if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_FULL')
    return new AppError('storage_full', 'the disk of the database is full', { cause: error })
  return error
}
