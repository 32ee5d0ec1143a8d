import { z } from 'zod'
import type { ModelService } from '../../services/model-service'
import { defineRoute, type Access, type Route } from '../route'

export interface ModelRouteOptions {
  /** The setting `inference.requireToken`. */
  requireToken: boolean
}

const modelState = z.strictObject({
  name: z.string(),
  version: z.string(),
  state: z.enum(['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING', 'UNKNOWN']),
  reason: z.string().meta({ description: 'Why it is not ready; empty when it is.' }),
})

/** What the primary answers for all engines: the model repository extension. Everything else of `/v2` is the engines'. */
export function modelRoutes(models: ModelService, { requireToken }: ModelRouteOptions): Route[] {
  const reading: Access = requireToken ? 'session' : 'public'
  return [list(models, reading), index(models, reading)]
}

function list(models: ModelService, access: Access): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/v2/models',
      summary: 'Every model version and how it stands',
      access,
      errorForm: 'inference',
      responses: {
        200: {
          description: 'By name and version.',
          schema: z.strictObject({ models: z.array(modelState) }),
        },
      },
    },
    async () => ({ status: 200, body: { models: await models.index({ readyOnly: false }) } }),
  )
}

function index(models: ModelService, access: Access): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v2/repository/index',
      summary: 'The repository: every model version and how it stands',
      access,
      errorForm: 'inference',
      body: z.looseObject({ ready: z.boolean({ error: 'expected a boolean' }).default(false) }),
      responses: { 200: { description: 'By name and version.', schema: z.array(modelState) } },
    },
    async ({ body }) => ({ status: 200, body: await models.index({ readyOnly: body.ready }) }),
  )
}
