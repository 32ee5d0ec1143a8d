import { z } from 'zod'
import type { ModelService } from '../../services/model-service'
import { defineRoute, type Access, type Route, type RouteStatement } from '../route'
import { modelParams, versionParams } from '../schemas'

export interface ModelRouteOptions {
  /** The setting `inference.requireToken`. */
  requireToken: boolean
  /** Of a load, which may bring the model's files. */
  bodyBytesMax: number
}

const modelState = z.strictObject({
  name: z.string(),
  version: z.string(),
  state: z.enum(['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING', 'UNKNOWN']),
  reason: z.string().meta({ description: 'Why it is not ready; empty when it is.' }),
})

/** What the primary answers for all engines: the model repository extension. Everything else of `/v2` is the engines'. */
export function modelRoutes(models: ModelService, options: ModelRouteOptions): Route[] {
  const reading: Access = options.requireToken ? 'session' : 'public'
  return [
    list(models, reading),
    index(models, reading),
    ...configs(models, reading),
    load(models, options),
    unload(models),
  ]
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

const modelConfig = z.looseObject({ name: z.string(), max_batch_size: z.number() })

function configs(models: ModelService, access: Access): Route[] {
  const common = {
    method: 'get',
    access,
    errorForm: 'inference',
    responses: { 200: { description: "Triton's ModelConfig.", schema: modelConfig } },
    errors: ['not_found'],
  } as const satisfies Partial<RouteStatement>
  const ofModel = {
    ...common,
    path: '/v2/models/:model/config',
    summary: 'How a model is served',
    params: modelParams,
  }
  const ofVersion = {
    ...common,
    path: '/v2/models/:model/versions/:version/config',
    summary: 'How a version of a model is served',
    params: versionParams,
  }
  const config = async ({ model, version }: { model: string; version?: string }) => ({
    status: 200,
    body: await models.config(model, version),
  })
  return [
    defineRoute(ofModel, ({ params }) => config(params)),
    defineRoute(ofVersion, ({ params }) => config(params)),
  ]
}

function load(models: ModelService, { bodyBytesMax }: ModelRouteOptions): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v2/repository/models/:model/load',
      summary: 'Load a model, or load it again',
      access: 'session',
      errorForm: 'inference',
      params: modelParams,
      body: z.looseObject({ parameters: z.record(z.string(), z.unknown()).default({}) }),
      bodyBytesMax,
      responses: { 200: { description: 'Every engine serves it.' } },
      errors: ['forbidden', 'too_large', 'deadline'],
    },
    async ({ caller, params, body }) => {
      await models.load(caller, { name: params.model, parameters: body.parameters })
      return { status: 200 }
    },
  )
}

const unloadParameters = z.looseObject({
  unload_dependents: z.boolean({ error: 'expected a boolean' }).optional(),
})

function unload(models: ModelService): Route {
  return defineRoute(
    {
      method: 'post',
      path: '/v2/repository/models/:model/unload',
      summary: 'Unload a model; no model here depends on another',
      access: 'session',
      errorForm: 'inference',
      params: modelParams,
      body: z.looseObject({ parameters: unloadParameters.optional() }),
      responses: { 200: { description: 'No engine serves it any more.' } },
      errors: ['forbidden', 'not_found', 'deadline'],
    },
    async ({ caller, params }) => {
      await models.unload(caller, params.model)
      return { status: 200 }
    },
  )
}
