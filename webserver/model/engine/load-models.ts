import type { Perf } from '../../../perf/timing'
import type { Config } from '../../config/schema'
import type { Counts } from '../../metrics/counts'
import type { Logger } from '../../platform/logger'
import type { PlannedModel } from '../model-plan'
import { countLoad } from './count-load'
import { loadReason } from './infer-error'
import { readLabels } from './labels'
import type { Runtime } from './ort-runtime'
import type { ResidentModels } from './resident-models'
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

/**
 * Makes the models of the plan ready in turn, first those that are loaded at once; one that cannot be served costs one
 * message and keeps its reason.
 * @returns in the order of the plan.
 */
export async function loadModels(
  plan: readonly PlannedModel[],
  residents: ResidentModels,
  parts: LoadParts,
): Promise<LoadedModel[]> {
  const loaded: LoadedModel[] = []
  for (const time of ['start', 'first_use', 'never'] as const)
    for (const [number, file] of plan.entries())
      if (file.load === time)
        loaded[number] = await loadModel(file, number, { ...parts, residents })
  return loaded
}

type Loading = LoadParts & { residents: ResidentModels }

async function loadModel(file: PlannedModel, number: number, parts: Loading): Promise<LoadedModel> {
  if (file.load === 'never') return { file, state: 'unloaded', reason: 'unloaded' }
  try {
    const make = file.load === 'start' ? loadNow : prepare
    return { file, model: await make(file, number, parts) }
  } catch (error) {
    const { name, version } = file
    const reason = loadReason(error, file.path)
    parts.log.warn({ model: name, version, reason }, 'a model could not be loaded')
    return { file, state: 'failed', reason }
  }
}

function loadNow(file: PlannedModel, number: number, parts: Loading): Promise<ServedModel> {
  return countLoad(file, parts, async () => {
    const model = await describeModel(file, number, parts.settings)
    await parts.residents.loadForGood(model, loadTimeoutMs(parts))
    return model
  })
}

async function prepare(file: PlannedModel, number: number, parts: Loading): Promise<ServedModel> {
  const model = await describeModel(file, number, parts.settings)
  parts.residents.requireRoom(model)
  return model
}

/** A model as it is served, without its session. @throws {Error} why it is not served. */
async function describeModel(
  file: PlannedModel,
  number: number,
  settings: Config['inference'],
): Promise<ServedModel> {
  const { refusal, checked } = file
  if (refusal !== null) throw new Error(refusal)
  if (checked === null) throw new Error('the model has not been checked')
  const inputs = describeTensors(checked.inputs)
  const outputs = describeTensors(checked.outputs)
  return {
    number,
    file,
    name: file.name,
    version: file.version,
    platform: file.settings.platform,
    inputs,
    outputs,
    inputByName: byName(inputs),
    outputByName: byName(outputs),
    labels: await readLabels(file, file.settings, outputs),
    joinable: isJoinable(file.settings, checked),
    batchItemsMax: batchItemsMaxOf(file, settings),
    settings: file.settings,
    tuning: file.tuning,
    sha256: file.sha256,
    memoryBytes: checked.memoryBytes,
    session: null,
    lastRunAtMs: 0,
  }
}

const startShare = 0.9

/** The engine must be the first to notice a load that does not end: only it can tell the next engine which one it was. */
function loadTimeoutMs({ settings, startTimeoutMs }: LoadParts): number {
  const leftMs = startTimeoutMs * startShare - performance.now()
  return Math.max(0, Math.min(settings.loadTimeoutMs, leftMs))
}
