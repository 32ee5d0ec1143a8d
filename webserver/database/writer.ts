import type { Config } from '../config/schema'
import type { Paths } from '../config/paths'
import type { RoleContext, Running } from '../config/process-setup'
import { openDebugStore } from './debug/store'
import { openFaultPoints, type FaultPoints } from '../platform/fault-points'
import { GroupCommit } from './group-commit'
import { CommandServer } from './link/command-server'
import type { Store } from './operations'
import { ReservedStore } from './reserved-store'
import { SpaceReserve } from './space-reserve'
import { openSqliteStore } from './sqlite/store'

/**
 * The one process that changes the data. There must never be two: a replacement is started when the process before it
 * has ended.
 */
export async function startWriter({
  setup,
  paths,
  perf,
  log,
  counts,
}: RoleContext): Promise<Running> {
  const { batchMax, queueMax } = setup.config.database
  const faults = openFaultPoints(setup.config.test.faultOrders)
  const store = openStore(setup.config, paths, faults)
  const commits = new GroupCommit({ store, batchMax, queueMax, perf, log, counts })
  const server = new CommandServer(commits, log)
  await server.listen(paths.socket('database'))
  return {
    async drain() {
      await server.drain()
      store.close()
    },
  }
}

function openStore(config: Config, paths: Paths, faults: FaultPoints): Store {
  const { kind, walBytesMax, reserveBytes } = config.database
  const reserve = new SpaceReserve(paths.database, reserveBytes)
  reserve.ready()
  const store =
    kind === 'debug'
      ? openDebugStore(paths.database, faults)
      : openSqliteStore(paths.database, walBytesMax, faults)
  return new ReservedStore(store, reserve)
}
