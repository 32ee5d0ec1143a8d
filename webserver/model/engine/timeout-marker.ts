import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ModelFile } from '../repository'

/**
 * The file that the watchdog leaves when a load took too long, so that the next engine does not try this content again
 * in vain. It lives as long as the service.
 */
export function timeoutMarker(file: ModelFile, runDirectory: string): string {
  const { name, version, sizeBytes, modifiedAtMs } = file
  const identity = [name, version, sizeBytes, modifiedAtMs].join('/')
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  return join(runDirectory, `model-${digest}.timed-out`)
}
