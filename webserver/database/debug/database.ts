import type { Database } from '../../domain/database'
import type { CommandClient } from '../link/command-client'

/** Everything is asked of the writer, which holds the document. */
export function openDebugDatabase(client: CommandClient): Database {
  return {
    accounts: {
      find: (id) => client.call('accounts.find', id),
      findByName: (name) => client.call('accounts.findByName', name),
      count: () => client.call('accounts.count'),
      create: (args) => client.call('accounts.create', args),
      changePassword: (args) => client.call('accounts.changePassword', args),
      rehashPassword: (args) => client.call('accounts.rehashPassword', args),
      delete: (args) => client.call('accounts.delete', args),
    },
    sessions: {
      findWithAccount: (id) => client.call('sessions.findWithAccount', id),
      listByAccount: (id) => client.call('sessions.listByAccount', id),
      create: (args) => client.call('sessions.create', args),
      touch: (args) => client.call('sessions.touch', args),
      delete: (args) => client.call('sessions.delete', args),
      deleteExpired: (args) => client.call('sessions.deleteExpired', args),
    },
    files: {
      find: (viewer, key) => client.call('files.find', viewer, key),
      list: (viewer, args) => client.call('files.list', viewer, args),
      commit: (viewer, args) => client.call('files.commit', viewer, args),
      delete: (viewer, args) => client.call('files.delete', viewer, args),
    },
    blobs: {
      referenced: async (sha256s) => new Set(await client.call('blobs.referenced', sha256s)),
      recordOrphan: (args) => client.call('blobs.recordOrphan', args),
      condemn: (args) => client.call('blobs.condemn', args),
      forget: (args) => client.call('blobs.forget', args),
    },
    ping: () => client.ping(),
    close() {
      client.close()
      return Promise.resolve()
    },
  }
}
