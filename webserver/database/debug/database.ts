import type { Database } from '../../domain/database'
import type { CommandClient } from '../link/command-client'
import { recordsOf } from '../operations'

/** Everything is asked of the writer, which holds the document. */
export function openDebugDatabase(client: CommandClient): Database {
  return {
    ...recordsOf((name, args) => client.call(name, args)),
    ping: () => client.ping(),
    close() {
      client.close()
      return Promise.resolve()
    },
  }
}
