import { fork, type ChildProcess } from 'node:child_process'
import { childEnvironment } from '../config/process-environment'
import type { Config } from '../config/schema'
import { ModelChecker } from '../model/checker/model-checker'
import type { Logger } from '../platform/logger'
import { settingsOf } from './launch'
import type { LiveControl } from './live-control'
import { launcherWithin, launcherWithoutLimit } from './memory-limit'
import type { OwnerRecord } from './owner-record'

export interface CheckerParts {
  config: Config
  /** Where results are kept. */
  storePath: string
  log: Logger
  owner: OwnerRecord
  /** Known once the service has begun to start; nothing is checked before. */
  live(): LiveControl
  /** Aborted when the service stops. */
  signal: AbortSignal
}

export function createModelChecker(parts: CheckerParts): ModelChecker {
  const { config, storePath, log } = parts
  return new ModelChecker({ config, storePath, log, start: (cpuS) => launchChecker(cpuS, parts) })
}

const program = require.main?.filename ?? ''

/**
 * Starts a process that looks at model files, under the memory limit of an engine and a limit of the processor's time,
 * which ends one that hangs after its primary has been killed.
 */
function launchChecker(cpuSecondsMax: number, { config, owner, live, signal }: CheckerParts) {
  const settings = settingsOf({ config, live: () => live().forProcess })
  const child = fork(program, [], {
    ...(launcherWithin(config.inference.memoryBytesMax, cpuSecondsMax) ?? launcherWithoutLimit()),
    env: childEnvironment({ role: 'checker', slot: 1, ...settings }),
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  if (child.pid !== undefined) keepRecord(child, child.pid, { owner, run: live().run, signal })
  return child
}

function keepRecord(
  child: ChildProcess,
  pid: number,
  { owner, run, signal }: Pick<CheckerParts, 'owner' | 'signal'> & Pick<LiveControl, 'run'>,
): void {
  owner.childStarted({ role: 'checker', slot: 1, pid })
  run?.processStarted({ role: 'checker', slot: 1, pid })
  child.once('exit', (code, endedBy) => {
    // One that was killed at the stop may end after the records have been closed.
    if (signal.aborted) return
    owner.childEnded(pid)
    run?.processExited(pid, code, endedBy)
  })
}
