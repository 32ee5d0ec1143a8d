import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { AppError } from '../../domain/errors'

export type Connection = Sqlite.Database

export const fileName = 'gristmill.sqlite'

/**
 * `timeout: 0` everywhere: the library waits for locks by stopping the event loop. Who meets a lock tries again later.
 * Between processes the file is touched through SQLite alone: opening and closing it in any other way would drop this
 * process's locks on it.
 */
export function openWriteConnection(directory: string): Connection {
  const connection = new Sqlite(join(directory, fileName), { timeout: 0 })
  connection.pragma('journal_mode = WAL')
  // FULL: a commit returns when the log is on the disk. The writer decides itself when to checkpoint.
  connection.pragma('synchronous = FULL')
  connection.pragma('wal_autocheckpoint = 0')
  connection.pragma('foreign_keys = ON')
  return connection
}

export function openReadConnection(directory: string): Connection {
  const path = join(directory, fileName)
  return new Sqlite(path, { timeout: 0, readonly: true, fileMustExist: true })
}

/** The write-ahead log beside the database file: to ask for its size, not to open it. */
export function walPathOf(directory: string): string {
  return join(directory, `${fileName}-wal`)
}

export function isSqliteError(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError
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
