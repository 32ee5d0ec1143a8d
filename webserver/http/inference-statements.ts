import { z } from 'zod'
import type { Access, RouteStatement } from './route'
import { modelParams, versionParams } from './schemas'

const shape = z.array(z.number().int()).meta({ description: 'A dimension of -1 is variable.' })
const datatype = z.string().meta({ description: 'BOOL, INT8 … UINT64, FP16, FP32, FP64 or BYTES.' })
const parameters = z.record(z.string(), z.unknown())
const declared = z.looseObject({ name: z.string(), datatype, shape })
const tensor = z.looseObject({
  name: z.string(),
  datatype,
  shape,
  parameters: parameters.optional().meta({
    description:
      'binary_data_size: so many bytes of this tensor follow the JSON, in the order of the tensors.',
  }),
  data: z.array(z.unknown()).optional().meta({ description: 'Nested or flat, row by row.' }),
})

const requestParameters = parameters.optional().meta({
  description:
    'binary_data_output: whether outputs are binary unless they say otherwise; priority: 1 is first; timeout: longest ' +
    'wait in the queue in microseconds; others are let through, but for names that begin with triton_.',
})
const outputParameters = parameters.optional().meta({
  description:
    'binary_data; classification: so many of the largest values of each row, as "value:index" or "value:index:label".',
})

const inferRequest = z.looseObject({
  id: z.string().optional(),
  parameters: requestParameters,
  inputs: z.array(tensor),
  outputs: z.array(z.looseObject({ name: z.string(), parameters: outputParameters })).optional(),
})
const inferQuery = z.looseObject({
  output: z.string().optional().meta({
    description: 'The output that goes into a .npy file, where a model has several.',
  }),
})
const inferResponse = z.looseObject({
  id: z.string().optional(),
  model_name: z.string(),
  model_version: z.string(),
  outputs: z.array(tensor),
})
const modelDescription = z.looseObject({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(declared),
  outputs: z.array(declared),
})

/**
 * The Open Inference Protocol v2 as the API description shows it. These routes are the engines' own: the statements
 * describe them and mount nothing.
 */
export function inferenceStatements({ requireToken }: { requireToken: boolean }): RouteStatement[] {
  const access: Access = requireToken ? 'session' : 'public'
  return [
    server(access),
    health('live', 'Whether an inference engine answers'),
    health('ready', 'Whether the models that can be served are'),
    ...modelRoutes('/v2/models/:model', modelParams, access),
    ...modelRoutes('/v2/models/:model/versions/:version', versionParams, access),
  ]
}

function server(access: Access): RouteStatement {
  return {
    method: 'get',
    path: '/v2',
    summary: 'Name, version and extensions of the inference server',
    access,
    errorForm: 'inference',
    responses: { 200: { description: 'The server.', schema: z.looseObject({ name: z.string() }) } },
  }
}

function health(what: string, summary: string): RouteStatement {
  return {
    method: 'get',
    path: `/v2/health/${what}`,
    summary,
    access: 'public',
    errorForm: 'inference',
    responses: { 200: { description: 'Yes.' } },
  }
}

function modelRoutes(path: string, params: z.ZodType, access: Access): RouteStatement[] {
  const common = { params, access, errorForm: 'inference', errors: ['not_found'] } as const
  return [
    {
      ...common,
      method: 'get',
      path,
      summary: 'What a model takes and gives',
      responses: { 200: { description: 'The model.', schema: modelDescription } },
    },
    {
      ...common,
      method: 'get',
      path: `${path}/ready`,
      summary: 'Whether a model serves; if not, why',
      responses: { 200: { description: 'It does.' } },
    },
    {
      ...common,
      method: 'post',
      path: `${path}/infer`,
      summary: 'Run a model',
      query: inferQuery,
      body: inferRequest,
      rawBody:
        'JSON; or JSON and binary tensors behind it (Inference-Header-Content-Length: its length); or the bytes of the ' +
        'only input (Inference-Header-Content-Length: 0); or a .npy file of it (Content-Type: application/x-npy). ' +
        'In gzip or deflate if Content-Encoding says so.',
      errors: ['not_found', 'too_large', 'deadline', 'unsupported'],
      responses: {
        200: {
          description:
            'The outputs; binary ones follow the JSON (Inference-Header-Content-Length). With Accept: application/x-npy ' +
            'a .npy file of one output. In gzip or deflate if Accept-Encoding prefers it.',
          schema: inferResponse,
        },
      },
    },
  ]
}
