import { setTimeout as delay } from 'node:timers/promises'
import type { Viewer } from '../../domain/account'
import type { Database } from '../../domain/database'
import { AppError } from '../../domain/errors'
import type { FileKey } from '../../domain/file'
import type { CommandClient } from '../link/command-client'
import { accountQueries } from './accounts'
import { blobQueries } from './blobs'
import { isBusy, openReadConnection, type Connection } from './connection'
import { fileQueries } from './files'
import { requireCurrent } from './migrations'
import { ReadCache } from './read-cache'
import { sessionQueries } from './sessions'

export type Read = <T>(query: () => T) => Promise<T>

const busyDelayMs = 5

/** Queries run here, on a read-only connection of this process; commands go to the writer. */
export async function openSqliteDatabase(
  directory: string,
  client: CommandClient,
  { timeoutMs, cachedRowsMax }: { timeoutMs: number; cachedRowsMax: number },
): Promise<Database> {
  const read: Read = (query) => retryWhileBusy(query, timeoutMs)
  const connection = await read(() => openReadConnection(directory))
  await read(() => requireCurrent(connection))
  return assemble(connection, client, { read, cache: new ReadCache(connection, cachedRowsMax) })
}

/** How queries are run, and what every request asks for is kept. */
interface Reads {
  read: Read
  cache: ReadCache
}

function assemble(connection: Connection, client: CommandClient, reads: Reads): Database {
  const { read } = reads
  return {
    accounts: accountsOf(connection, client, read),
    sessions: sessionsOf(connection, client, reads),
    files: filesOf(connection, client, reads),
    blobs: blobsOf(connection, client, read),
    async ping() {
      await read(() => requireCurrent(connection))
      await client.ping()
    },
    close() {
      client.close()
      connection.close()
      return Promise.resolve()
    },
  }
}

function accountsOf(
  connection: Connection,
  client: CommandClient,
  read: Read,
): Database['accounts'] {
  const queries = accountQueries(connection)
  return {
    find: (id) => read(() => queries['accounts.find'](id)),
    findByName: (name) => read(() => queries['accounts.findByName'](name)),
    count: () => read(() => queries['accounts.count']()),
    create: (args) => client.call('accounts.create', args),
    changePassword: (args) => client.call('accounts.changePassword', args),
    rehashPassword: (args) => client.call('accounts.rehashPassword', args),
    delete: (args) => client.call('accounts.delete', args),
  }
}

function sessionsOf(
  connection: Connection,
  client: CommandClient,
  { read, cache }: Reads,
): Database['sessions'] {
  const queries = sessionQueries(connection)
  return {
    findWithAccount: (id) =>
      read(() => cache.get(`session ${id}`, () => queries['sessions.findWithAccount'](id))),
    listByAccount: (id) => read(() => queries['sessions.listByAccount'](id)),
    create: (args) => client.call('sessions.create', args),
    touch: (args) => client.call('sessions.touch', args),
    delete: (args) => client.call('sessions.delete', args),
    deleteExpired: (args) => client.call('sessions.deleteExpired', args),
  }
}

function filesOf(
  connection: Connection,
  client: CommandClient,
  { read, cache }: Reads,
): Database['files'] {
  const queries = fileQueries(connection)
  return {
    find: (viewer, key) =>
      read(() => cache.get(keyOfFile(viewer, key), () => queries['files.find'](viewer, key))),
    list: (viewer, args) => read(() => queries['files.list'](viewer, args)),
    commit: (viewer, args) => client.call('files.commit', viewer, args),
    delete: (viewer, args) => client.call('files.delete', viewer, args),
  }
}

/** Who asks is part of what is asked. A path holds no newline. */
function keyOfFile({ accountId, seesAll }: Viewer, { owner, path }: FileKey): string {
  return `file ${accountId}\n${seesAll}\n${owner}\n${path}`
}

function blobsOf(connection: Connection, client: CommandClient, read: Read): Database['blobs'] {
  const queries = blobQueries(connection)
  return {
    referenced: async (sha256s) => new Set(await read(() => queries['blobs.referenced'](sha256s))),
    recordOrphan: (args) => client.call('blobs.recordOrphan', args),
    condemn: (args) => client.call('blobs.condemn', args),
    forget: (args) => client.call('blobs.forget', args),
  }
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
