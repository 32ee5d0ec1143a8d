import { AppError } from '../domain/errors'
import { modelNotReady, unknownModel } from '../domain/model-refusals'
import type { ModelReport, ServedFacts } from '../domain/model-report'
import type { ModelState } from '../domain/service-control'
import type { PlannedModel } from '../model/model-plan'
import type { EngineSlot } from './supervisor'

type Engines = readonly Pick<EngineSlot, 'models'>[]

/** The repository's index: what is planned and what the engines say of it. */
export function indexOf(plan: readonly PlannedModel[], engines: Engines): ModelState[] {
  return plan.map((model) => ({
    name: model.name,
    version: model.version,
    ...stateOf(model, reportsOn(model, engines)),
  }))
}

/** What an engine that has loaded the version knows of it; null when none has. */
export function servedFacts(model: PlannedModel, engines: Engines): ServedFacts | null {
  return reportsOn(model, engines).find(({ served }) => served !== null)?.served ?? null
}

/**
 * A version as it is asked for; without one the highest that is loaded, or else the highest.
 * @throws {AppError} `not_found`
 */
export function findModel(
  plan: readonly PlannedModel[],
  engines: Engines,
  { name, version }: { name: string; version: string | null },
): PlannedModel {
  const found = plan.filter(
    (model) => model.name === name && (version ?? model.version) === model.version,
  )
  const model = found.findLast((model) => servedFacts(model, engines) !== null) ?? found.at(-1)
  if (model !== undefined) return model
  throw unknownModel(name.slice(0, 128), version?.slice(0, 128))
}

export function notReady(model: PlannedModel, engines: Engines): AppError {
  const { reason } = stateOf(model, reportsOn(model, engines))
  return modelNotReady(model.name, model.version, reason)
}

function reportsOn({ name, version }: PlannedModel, engines: Engines): ModelReport[] {
  return engines.flatMap(
    (engine) =>
      engine
        .models()
        ?.models.filter((report) => report.name === name && report.version === version) ?? [],
  )
}

/** One engine that serves it is enough: requests find it there. */
function stateOf(
  { refusal, load }: PlannedModel,
  reports: readonly ModelReport[],
): Pick<ModelState, 'state' | 'reason'> {
  const isServed = reports.some(({ state }) => state === 'READY')
  if (load === 'never')
    return isServed
      ? { state: 'UNLOADING', reason: 'being unloaded' }
      : { state: 'UNAVAILABLE', reason: 'unloaded' }
  if (refusal !== null) return { state: 'UNAVAILABLE', reason: refusal }
  if (isServed) return { state: 'READY', reason: '' }
  const [first] = reports
  return first ?? { state: 'LOADING', reason: 'no engine has loaded it yet' }
}

/**
 * All versions or none, as Triton has it.
 * @throws {AppError} `invalid` with the reason.
 */
export function requireLoaded(name: string, index: readonly ModelState[]): void {
  const versions = index.filter((model) => model.name === name)
  const failed = versions.find(({ state }) => state === 'UNAVAILABLE')
  if (versions.length > 0 && failed === undefined) return
  const why = failed === undefined ? '' : `: version ${failed.version}: ${failed.reason}`
  throw new AppError(
    'invalid',
    `failed to load '${name}', failed to poll from model repository${why}`,
  )
}
