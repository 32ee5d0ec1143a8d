import type { ModelPins } from '../domain/model-pins'
import type { ModelPlan, PlannedModel } from './model-plan'

/**
 * The plan with a refusal of every model whose `model.json` names only engines that there are not. All versions go by
 * the highest one's engines, since a request may leave the version out.
 */
export function requireEngines(
  models: readonly PlannedModel[],
  engineCount: number,
): PlannedModel[] {
  return models.map((model) => {
    const engines = enginesOf(models, model.name)
    if (engines === undefined || engines.some((engine) => engine <= engineCount)) return model
    const refusal = `model.json: engines: there is no engine ${engines.join(', ')} (cluster.engines is ${engineCount})`
    return { ...model, refusal: model.refusal ?? refusal }
  })
}

/** Of models that are to be loaded somewhere; the reason why one is not any engine can tell. */
export function pinsOf(models: readonly PlannedModel[]): ModelPins {
  const loadable = models.filter(({ refusal }) => refusal === null)
  const pins = loadable.flatMap(({ name }) => {
    const engines = enginesOf(models, name)
    return engines === undefined ? [] : [[name, engines] as const]
  })
  return Object.fromEntries(pins)
}

/** What one engine has to do with: models pinned to others do not exist for it. */
export function planOf(engine: number, { number, models }: ModelPlan): ModelPlan {
  const pins = pinsOf(models)
  return {
    number,
    models: models.filter(({ name }) => !Object.hasOwn(pins, name) || pins[name]!.includes(engine)),
  }
}

function enginesOf(models: readonly PlannedModel[], name: string): readonly number[] | undefined {
  return models.findLast((model) => model.name === name)?.settings.engines
}
