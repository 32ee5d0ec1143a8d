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
