import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { childEnvironment } from '../config/process-environment'
import type { ProbeResult } from '../model/engine/provider-probe'
import { StartError } from './start-error'

const probe = join(__dirname, '../model/engine/provider-probe.js')
const timeoutMs = 60_000
// Always part of the library.
const builtIn = 'cpu'

/**
 * Tries the execution providers of the setting before any engine needs them: with one that is not there no model would load.
 * @param setting names, separated by commas.
 * @throws {StartError} naming the first that ONNX Runtime cannot use, and why.
 */
export function requireProviders(setting: string): void {
  const names = setting.split(',').map((name) => name.trim())
  if (names.every((name) => name === builtIn)) return
  const { built, failures } = tryOut(names)
  const failed = names.find((name) => Object.hasOwn(failures, name))
  if (failed === undefined) return
  throw new StartError(
    `inference.providers names "${failed}", which ONNX Runtime cannot use here (${failures[failed]}); this build knows ${built.join(', ')}, of which cpu needs nothing else.`,
  )
}

function tryOut(names: readonly string[]): ProbeResult {
  const { stdout, signal } = spawnSync(process.execPath, [probe, ...names], {
    env: childEnvironment(null),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: timeoutMs,
  })
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (last.startsWith('{')) return JSON.parse(last) as ProbeResult
  const how = signal === null ? 'failed' : `was ended by ${signal}`
  throw new StartError(
    `inference.providers (${names.join(', ')}) cannot be used here: the process that tried them ${how}.`,
  )
}
