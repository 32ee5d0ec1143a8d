import type { Statement } from 'better-sqlite3'
import { noFaults, type FaultPoints } from '../../platform/fault-points'
import {
  invoke,
  type CommandName,
  type Handlers,
  type Operation,
  type Outcome,
  type Store,
} from '../operations'
import { accountCommands } from './accounts'
import { blobCommands } from './blobs'
import { boundLog, isBusy, openWriteConnection, translated, type Connection } from './connection'
import { contentCommands } from './contents'
import { fileCommands } from './files'
import { linkCommands } from './links'
import { grantCommands } from './grants'
import { groupCommands } from './groups'
import { requireCurrent } from './migrations'
import { sessionCommands } from './sessions'
import { trashCommands } from './trash'
import { versionCommands } from './versions'
import { uploadCommands } from './uploads'

/** @throws {AppError} `unsupported` when the database has not this program's version. */
export function openSqliteStore(
  directory: string,
  walBytesMax: number,
  faults: FaultPoints = noFaults,
): Store {
  const connection = openWriteConnection(directory)
  requireCurrent(connection)
  boundLog(connection, walBytesMax)
  return new SqliteStore(connection, faults)
}

class SqliteStore implements Store {
  private readonly handlers: Handlers<CommandName | 'ping'>
  private readonly begin: Statement<[]>
  private readonly end: Statement<[]>
  private readonly savepoint: Statement<[]>
  private readonly release: Statement<[]>
  private readonly undo: Statement<[]>

  constructor(
    private readonly connection: Connection,
    private readonly faults: FaultPoints,
  ) {
    this.handlers = {
      ...accountCommands(connection),
      ...sessionCommands(connection),
      ...fileCommands(connection),
      ...versionCommands(connection),
      ...trashCommands(connection),
      ...linkCommands(connection),
      ...contentCommands(connection),
      ...uploadCommands(connection),
      ...groupCommands(connection),
      ...grantCommands(connection),
      ...blobCommands(connection),
      ping: () => undefined,
    }
    this.begin = connection.prepare('BEGIN IMMEDIATE')
    this.end = connection.prepare('COMMIT')
    this.savepoint = connection.prepare('SAVEPOINT operation')
    this.release = connection.prepare('RELEASE operation')
    this.undo = connection.prepare('ROLLBACK TO operation')
  }

  commit(operations: readonly Operation[]): Outcome[] | null {
    try {
      this.faults.pass('writer:begin', operations)
      this.begin.run()
      const outcomes = operations.map((operation) => this.attempt(operation))
      this.faults.pass('writer:commit', operations)
      this.end.run()
      this.faults.pass('writer:answer', operations)
      return outcomes
    } catch (error) {
      return this.giveUp(operations, error)
    }
  }

  /** The log is the first to meet a full disk, and its pages have room in the database file, or soon will. */
  reclaim(): void {
    try {
      this.connection.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      return
    }
  }

  close(): void {
    this.connection.pragma('wal_checkpoint(TRUNCATE)')
    this.connection.close()
  }

  /** Runs one operation so that its failure takes back its own changes only. */
  private attempt(operation: Operation): Outcome {
    this.savepoint.run()
    try {
      const value = invoke(this.handlers, operation)
      this.release.run()
      return { value }
    } catch (error) {
      // Some failures of the disk end the whole transaction.
      if (!this.connection.inTransaction) throw error
      this.undo.run()
      this.release.run()
      return { error: translated(error) }
    }
  }

  private giveUp(operations: readonly Operation[], error: unknown): Outcome[] | null {
    if (this.connection.inTransaction) this.connection.exec('ROLLBACK')
    if (isBusy(error)) return null
    const known = translated(error)
    if (known === error) throw error
    return operations.map(() => ({ error: known }))
  }
}
