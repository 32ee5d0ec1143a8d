import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import type { Config } from '../../config/schema'
import type { PlannedModel } from '../model-plan'

// To be raised when the check sees more, or measures otherwise, than it did.
const checkVersion = 1

/** The machine and the library that results hold for, as a text. */
export function machineKey(): string {
  const library = require.resolve('onnxruntime-node/package.json')
  const { version } = JSON.parse(readFileSync(library, 'utf8')) as { version: string }
  return JSON.stringify([version, cpus()[0]?.model, availableParallelism()])
}

/** Everything that the result of a check depends on, as a digest: one that was found under the same key holds. */
export function checkKey(
  { sha256, settings }: PlannedModel,
  machine: string,
  limits: Config['inference'],
): string {
  const { providers, threadsPerEngine, batchItemsMax, bodyBytesMax, memoryBytesMax } = limits
  const given = [providers, threadsPerEngine, batchItemsMax, bodyBytesMax, memoryBytesMax]
  const all = [checkVersion, sha256, settings, machine, given, limits.tuningMs]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}
