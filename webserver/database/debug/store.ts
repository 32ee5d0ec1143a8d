import { AppError, isAppError } from '../../domain/errors'
import { noFaults, type FaultPoints } from '../../platform/fault-points'
import {
  commandNames,
  invoke,
  type Handlers,
  type Operation,
  type OperationName,
  type Outcome,
  type Store,
} from '../operations'
import { accountHandlers } from './accounts'
import { blobHandlers } from './blobs'
import { contentHandlers } from './contents'
import { browseHandlers } from './browsing'
import { contentUseHandlers } from './content-uses'
import { bulkHandlers } from './bulk'
import { loadTables, saveTables, type Tables } from './document'
import { infoHandlers } from './file-info'
import { fileHandlers } from './files'
import { linkHandlers } from './links'
import { grantHandlers } from './grants'
import { groupHandlers } from './groups'
import { rightHandlers } from './rights'
import { sessionHandlers } from './sessions'
import { trashHandlers } from './trash'
import { versionHandlers } from './versions'
import { uploadHandlers } from './uploads'

/** @throws {AppError} `unsupported` when a newer program wrote the data or it cannot be read. */
export function openDebugStore(directory: string, faults: FaultPoints = noFaults): Store {
  return new DebugStore(directory, loadTables(directory), faults)
}

const commands: ReadonlySet<string> = new Set(commandNames)

class DebugStore implements Store {
  private handlers: Handlers<OperationName>

  constructor(
    private readonly directory: string,
    private tables: Tables,
    private readonly faults: FaultPoints,
  ) {
    this.handlers = handlersOf(tables)
  }

  commit(operations: readonly Operation[]): Outcome[] {
    this.faults.pass('writer:begin', operations)
    const outcomes = operations.map((operation) => this.attempt(operation))
    if (!operations.some(({ name }) => commands.has(name))) return outcomes
    try {
      this.faults.pass('writer:commit', operations)
      saveTables(this.directory, this.tables)
      this.faults.pass('writer:answer', operations)
      return outcomes
    } catch (error) {
      return this.giveUp(operations, error)
    }
  }

  reclaim(): void {
    // There is nothing but the document.
  }

  close(): void {
    // Every commit left a whole document behind.
  }

  /** Handlers check first and change then, so one that throws has changed nothing. */
  private attempt(operation: Operation): Outcome {
    try {
      // Later operations of the batch change the rows that this one returns.
      return { value: structuredClone(invoke(this.handlers, operation)) }
    } catch (error) {
      if (isAppError(error)) return { error }
      throw error
    }
  }

  /** A full disk took nothing: what is on it counts again. */
  private giveUp(operations: readonly Operation[], error: unknown): Outcome[] {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    this.tables = loadTables(this.directory)
    this.handlers = handlersOf(this.tables)
    const full = new AppError('storage_full', 'the disk of the database is full', { cause: error })
    return operations.map(() => ({ error: full }))
  }
}

function handlersOf(tables: Tables): Handlers<OperationName> {
  return {
    ...accountHandlers(tables),
    ...sessionHandlers(tables),
    ...fileHandlers(tables),
    ...versionHandlers(tables),
    ...trashHandlers(tables),
    ...browseHandlers(tables),
    ...bulkHandlers(tables),
    ...infoHandlers(tables),
    ...rightHandlers(tables),
    ...linkHandlers(tables),
    ...contentHandlers(tables),
    ...uploadHandlers(tables),
    ...groupHandlers(tables),
    ...grantHandlers(tables),
    ...blobHandlers(tables),
    ...contentUseHandlers(tables),
    ping: () => undefined,
  }
}
