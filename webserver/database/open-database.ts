import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import type { Database } from '../domain/database'
import { AppError } from '../domain/errors'
import { openDebugDatabase } from './debug/database'
import { prepareDebug } from './debug/prepare'
import { makeDirectory } from './directory'
import { CommandClient } from './link/command-client'
import type { PreparedDatabase } from './prepared-database'
import { openSqliteDatabase } from './sqlite/database'
import { prepareSqlite } from './sqlite/prepare'

export interface DatabaseOptions {
  config: Config
  paths: Paths
}

/** @throws {AppError} `unsupported` when the settings ask for what the kind of database cannot do. */
export function requireWorkable({ cluster, database }: Config): void {
  if (database.kind !== 'debug' || cluster.workers === 1) return
  throw new AppError(
    'unsupported',
    `database.kind "debug" is for looking at the data with one worker, not for ${cluster.workers}: set cluster.workers to 1 or database.kind to "sqlite"`,
  )
}

/**
 * Makes and migrates the data, once per start, before any other process opens it.
 * @throws {AppError} `unsupported` when the settings are not workable or a newer program wrote the data.
 */
export async function prepareDatabase({
  config,
  paths,
}: DatabaseOptions): Promise<PreparedDatabase> {
  requireWorkable(config)
  makeDirectory(paths.database)
  const prepare = config.database.kind === 'debug' ? prepareDebug : prepareSqlite
  return Promise.resolve(prepare(paths.database))
}

/** A worker's view of the data. It waits for no writer: operations do, each for at most `commandTimeoutMs`. */
export async function openDatabase({ config, paths }: DatabaseOptions): Promise<Database> {
  const { kind, queueMax, commandTimeoutMs: timeoutMs, cachedRowsMax } = config.database
  const client = new CommandClient({
    socketPath: paths.socket('database'),
    queueMax,
    timeoutMs,
  })
  try {
    if (kind === 'debug') return openDebugDatabase(client)
    return await openSqliteDatabase(paths.database, client, { timeoutMs, cachedRowsMax })
  } catch (error) {
    client.close()
    throw error
  }
}
