import { inspectDebug } from './debug/inspection'
import type { Inspection } from './inspection'
import type { DatabaseOptions } from './open-database'
import { inspectSqlite } from './sqlite/inspection'

/**
 * @param mayWrite for repairs, while no service runs.
 * @throws {AppError} `unsupported` when another version of the program wrote the data.
 */
export function openInspection(
  { config, paths }: DatabaseOptions,
  { mayWrite }: { mayWrite: boolean },
): Inspection {
  return config.database.kind === 'debug'
    ? inspectDebug(paths.database)
    : inspectSqlite(paths.database, mayWrite)
}
