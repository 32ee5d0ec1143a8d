import { z } from 'zod'
import { statisticsOf } from '../../metrics/inference-statistics'
import type { ModelsAsked, MonitoringService } from '../../services/monitoring-service'
import { defineRoute, type Route, type RouteStatement } from '../route'
import { modelParams, versionParams } from '../schemas'

const duration = z.strictObject({
  count: z.number(),
  ns: z.number().meta({ description: 'The sum of all.' }),
})
const computed = { compute_input: duration, compute_infer: duration, compute_output: duration }
const modelStats = z.strictObject({
  name: z.string(),
  version: z.string(),
  last_inference: z.number().meta({ description: 'ms since 1970; 0 when it never ran.' }),
  inference_count: z.number().meta({ description: 'Items that were computed.' }),
  execution_count: z.number().meta({ description: 'Runs of the model.' }),
  inference_stats: z.strictObject({
    success: duration,
    fail: duration,
    queue: duration,
    ...computed,
    cache_hit: duration,
    cache_miss: duration,
  }),
  response_stats: z.strictObject({}),
  batch_stats: z.array(z.strictObject({ batch_size: z.number(), ...computed })),
  memory_usage: z.array(z.never()),
})
const answer = z.strictObject({ model_stats: z.array(modelStats) })

/** The statistics extension of the protocol, summed over all engines. */
export function statisticsRoutes(
  monitoring: MonitoringService,
  { requireToken }: { requireToken: boolean },
): Route[] {
  const common = {
    method: 'get',
    access: requireToken ? 'session' : 'public',
    errorForm: 'inference',
    errors: ['not_found'],
    responses: { 200: { description: 'By model and version.', schema: answer } },
  } as const satisfies Partial<RouteStatement>
  const stats = async (asked: ModelsAsked) => {
    const { models, blocks } = await monitoring.statistics(asked)
    return { status: 200, body: { model_stats: statisticsOf(models, blocks) } }
  }
  const ofAll = { ...common, path: '/v2/models/stats', summary: 'Statistics of all models' }
  const ofModel = {
    ...common,
    path: '/v2/models/:model/stats',
    summary: 'Statistics of a model',
    params: modelParams,
  }
  const ofVersion = {
    ...common,
    path: '/v2/models/:model/versions/:version/stats',
    summary: 'Statistics of a model version',
    params: versionParams,
  }
  return [
    defineRoute(ofAll, () => stats({})),
    defineRoute(ofModel, ({ params }) => stats(params)),
    defineRoute(ofVersion, ({ params }) => stats(params)),
  ]
}
