import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Perf } from '../../../perf/timing'
import type { Config } from '../../config/schema'
import { loadColumn } from '../../metrics/block-kinds'
import type { Counts } from '../../metrics/counts'
import type { Logger } from '../../platform/logger'
import type { CheckedModel, PlannedModel } from '../model-plan'
import type { ModelFile } from '../repository'
import { loadReason } from './infer-error'
import { readLabels } from './labels'
import type { Runtime } from './ort-runtime'
import { batchItemsMaxOf } from './run-cost'
import { byName, describeTensors, isJoinable, type ServedModel } from './served-model'
import type { Watchdog } from './watchdog'

export interface LoadParts {
  runtime: Runtime
  watchdog: Watchdog
  perf: Perf
  counts: Counts
  log: Logger
  settings: Config['inference']
  /** After this long since the process began, the primary gives the engine up. */
  startTimeoutMs: number
  runDirectory: string
}

export type LoadedModel = { file: PlannedModel } & (
  { model: ServedModel } | { state: 'failed' | 'unloaded'; reason: string }
)

/** Loads every model version in turn; one that cannot be loaded costs one message and keeps its reason. */
export async function loadModels(
  plan: readonly PlannedModel[],
  parts: LoadParts,
): Promise<LoadedModel[]> {
  const loaded: LoadedModel[] = []
  for (const [number, file] of plan.entries()) loaded.push(await loadModel(file, number, parts))
  return loaded
}

async function loadModel(
  file: PlannedModel,
  number: number,
  parts: LoadParts,
): Promise<LoadedModel> {
  const { name, version, sizeBytes } = file
  if (file.load === 'never') return { file, state: 'unloaded', reason: 'unloaded' }
  const startedAt = parts.perf.now()
  const startedAtMs = performance.now()
  try {
    const model = await tryLoad(file, number, parts)
    parts.perf.call('model_load', startedAt, { m: name, v: version, bytes: sizeBytes })
    countLoad(parts.counts, file, { column: loadColumn.loaded, startedAtMs })
    return { file, model }
  } catch (error) {
    const reason = loadReason(error, file.path)
    parts.perf.call('model_load', startedAt, { m: name, v: version, e: 'failed' })
    countLoad(parts.counts, file, { column: loadColumn.failed, startedAtMs })
    parts.log.warn({ model: name, version, reason }, 'a model could not be loaded')
    return { file, state: 'failed', reason }
  }
}

function countLoad(
  counts: Counts,
  { name, version }: PlannedModel,
  { column, startedAtMs }: { column: number; startedAtMs: number },
): void {
  const block = counts.block('load', [name, version])
  block[column]!++
  block[loadColumn.loadNs]! += Math.round((performance.now() - startedAtMs) * 1e6)
}

async function tryLoad(file: PlannedModel, number: number, parts: LoadParts): Promise<ServedModel> {
  const { runtime, watchdog } = parts
  if (existsSync(timeoutMarker(file, parts.runDirectory)))
    throw new Error('the model did not load in time')
  const checked = await requireChecked(file)
  watchdog.begin('load', number, loadTimeoutMs(parts))
  const session = await runtime
    .createSession(file.path, file.settings.threads)
    .finally(() => watchdog.end())
  const inputs = describeTensors(checked.inputs)
  const outputs = describeTensors(checked.outputs)
  return {
    number,
    name: file.name,
    version: file.version,
    platform: file.settings.platform,
    inputs,
    outputs,
    inputByName: byName(inputs),
    outputByName: byName(outputs),
    labels: await readLabels(file, file.settings, outputs),
    joinable: isJoinable(file.settings, checked),
    batchItemsMax: batchItemsMaxOf(file, parts.settings),
    settings: file.settings,
    tuning: file.tuning,
    sha256: file.sha256,
    session,
  }
}

/** @throws {Error} why the file must not be loaded: it was refused, or is not the one that was checked. */
async function requireChecked(file: PlannedModel): Promise<CheckedModel> {
  if (file.refusal !== null) throw new Error(file.refusal)
  if (file.checked === null) throw new Error('the model has not been checked')
  const { size, mtimeMs } = await stat(file.path)
  if (size !== file.sizeBytes || Math.trunc(mtimeMs) !== file.modifiedAtMs)
    throw new Error('model.onnx has changed since it was checked')
  return file.checked
}

const startShare = 0.9

/** The engine must be the first to notice a load that does not end: only it can tell the next engine which one it was. */
function loadTimeoutMs({ settings, startTimeoutMs }: LoadParts): number {
  const leftMs = startTimeoutMs * startShare - performance.now()
  return Math.max(0, Math.min(settings.loadTimeoutMs, leftMs))
}

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
