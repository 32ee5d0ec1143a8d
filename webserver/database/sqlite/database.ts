import { setTimeout as delay } from 'node:timers/promises'
import type { Viewer } from '../../domain/account'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileKey } from '../../domain/file'
import type { CommandClient } from '../link/command-client'
import {
  invoke,
  queryNames,
  recordsOf,
  type Handlers,
  type Operation,
  type QueryName,
} from '../operations'
import { accountQueries } from './accounts'
import { blobQueries } from './blobs'
import { contentUseQueries } from './content-uses'
import { isBusy, openReadConnection, type Connection } from './connection'
import { contentQueries } from './contents'
import { fileQueries } from './files'
import { linkQueries } from './links'
import { grantQueries } from './grant-queries'
import { groupQueries } from './groups'
import { requireCurrent } from './migrations'
import { ReadCache } from './read-cache'
import { rightQueries } from './rights'
import { sessionQueries } from './sessions'
import { trashQueries } from './trash'
import { versionQueries } from './versions'
import { uploadQueries } from './uploads'

const busyDelayMs = 5

/** Queries run here, on a read-only connection of this process; commands go to the writer. */
export async function openSqliteDatabase(
  directory: string,
  client: CommandClient,
  { timeoutMs, cachedRowsMax }: { timeoutMs: number; cachedRowsMax: number },
): Promise<Database> {
  const connection = await retryWhileBusy(() => openReadConnection(directory), timeoutMs)
  await retryWhileBusy(() => requireCurrent(connection), timeoutMs)
  const queries = queriesOf(connection)
  const isQuery: ReadonlySet<string> = new Set(queryNames)
  const cache = new ReadCache(connection, cachedRowsMax)
  const read = (operation: Operation) => {
    const key = cacheKeyOf(operation)
    const query = () => invoke(queries, operation) as object | null
    return retryWhileBusy(() => (key === null ? query() : cache.get(key, query)), timeoutMs)
  }
  return {
    ...recordsOf((name, args) =>
      isQuery.has(name) ? read({ name, args }) : client.call(name, args),
    ),
    async ping() {
      await retryWhileBusy(() => requireCurrent(connection), timeoutMs)
      await client.ping()
    },
    close() {
      client.close()
      connection.close()
      return Promise.resolve()
    },
  }
}

function queriesOf(connection: Connection): Handlers<QueryName> {
  return {
    ...accountQueries(connection),
    ...sessionQueries(connection),
    ...fileQueries(connection),
    ...versionQueries(connection),
    ...trashQueries(connection),
    ...rightQueries(connection),
    ...linkQueries(connection),
    ...contentQueries(connection),
    ...uploadQueries(connection),
    ...groupQueries(connection),
    ...grantQueries(connection),
    ...blobQueries(connection),
    ...contentUseQueries(connection),
  }
}

/**
 * What every request asks for is kept. Who asks is part of what is asked; what others share is not kept, since a share
 * ends by the clock. A path holds no newline.
 */
function cacheKeyOf({ name, args }: Operation): string | null {
  if (name === 'sessions.findWithAccount') return `session ${args[0] as string}`
  if (name !== 'files.find') return null
  const [viewer, { owner, path }] = args as [Viewer, FileKey]
  if (viewer.seesAll) return `file\n${owner}\n${path}`
  return viewer.name === owner ? `file ${viewer.accountId}\n${owner}\n${path}` : null
}

/**
 * Readers of a write-ahead log wait for no writer, but for the moment in which a process repairs the log of one that
 * died. @throws {AppError} `unavailable` when that lasts longer than `timeoutMs`.
 */
async function retryWhileBusy<T>(query: () => T, timeoutMs: number): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += busyDelayMs) {
    try {
      return query()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (waitedMs >= timeoutMs)
        throw new AppError('unavailable', 'the database is locked', {
          retryAfterS: 1,
          cause: error,
        })
    }
    await delay(busyDelayMs)
  }
}
