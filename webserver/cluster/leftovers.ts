import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/logger'
import type { Owner } from './owner-record'
import { isAlive, type ProcessIdentity } from './process-identity'

// Processes end by themselves within some 2 s of their primary's death.
const patienceMs = 3000
const pollMs = 20

/**
 * Waits for what a killed primary left running, then ends it: an old writer or upload must not meet a new service.
 * A process whose start time is not known is never ended by us, since it may be another by now.
 */
export async function endLeftovers({ children }: Owner, log: Logger): Promise<void> {
  const deadline = performance.now() + patienceMs
  let left = children.filter(isStillThere)
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(pollMs)
    left = left.filter(isStillThere)
  }
  for (const { pid } of left) {
    log.warn({ leftover: pid }, 'killing a process of the server before this one')
    process.kill(pid, 'SIGKILL')
  }
  while (left.some(isStillThere)) await sleep(pollMs)
}

function isStillThere(identity: ProcessIdentity): boolean {
  return identity.start !== null && isAlive(identity) === true
}
