import { z } from 'zod'
import type { ErrorCode } from '../domain/errors'
import { httpMeanings, statusOf } from './problem'
import type { Access, ResponseStatement, RouteStatement } from './route'

const errorContents = {
  problem: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  inference: { 'application/json': { schema: { $ref: '#/components/schemas/InferenceError' } } },
} as const

const commonErrors: readonly ErrorCode[] = ['invalid', 'unavailable', 'internal']

/** OpenAPI 3.1 from the same statements that route, validate and guard. */
export function openapiOf(
  statements: readonly RouteStatement[],
  version: string,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const statement of statements) {
    if (statement.access === 'nginx') continue
    const path = (paths[openapiPath(statement.path)] ??= {})
    path[statement.method] = operationOf(statement)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Gristmill', version, description: 'Keeps files and runs ONNX models on them.' },
    paths,
    components: {
      securitySchemes: { session: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problemSchema, InferenceError: inferenceErrorSchema },
    },
  }
}

/** `/v1/files/:owner/*path` → `/v1/files/{owner}/{path}` */
function openapiPath(path: string): string {
  return path.replace(/[:*](\w+)/g, '{$1}')
}

function operationOf(statement: RouteStatement): Record<string, unknown> {
  return {
    summary: statement.summary,
    ...securityOf(statement.access),
    parameters: [...parametersOf(statement), ...queryOf(statement)],
    ...requestBodyOf(statement),
    responses: { ...answersOf(statement.responses), ...failuresOf(statement) },
  }
}

function securityOf(access: Access): Record<string, unknown> {
  if (access === 'public') return {}
  return { security: access === 'optional' ? [{ session: [] }, {}] : [{ session: [] }] }
}

function parametersOf({ path, params }: RouteStatement): unknown[] {
  const properties = params === undefined ? {} : propertiesOf(params)
  return [...path.matchAll(/([:*])(\w+)/g)].map(([, kind, name]) => ({
    name,
    in: 'path',
    required: true,
    schema:
      kind === '*'
        ? { type: 'string', description: 'May contain "/".' }
        : (properties[name!] ?? { type: 'string' }),
  }))
}

function queryOf({ query }: RouteStatement): unknown[] {
  if (query === undefined) return []
  return Object.entries(propertiesOf(query)).map(([name, schema]) => ({
    name,
    in: 'query',
    schema,
  }))
}

function propertiesOf(schema: z.ZodType): Record<string, unknown> {
  return (jsonSchema(schema, 'input') as { properties?: Record<string, unknown> }).properties ?? {}
}

function requestBodyOf({ body, rawBody, errorForm }: RouteStatement): Record<string, unknown> {
  if (body === undefined && rawBody === undefined) return {}
  const required = body !== undefined && errorForm !== 'inference'
  const content = {
    ...(body === undefined ? {} : json(jsonSchema(body, 'input'))),
    ...(rawBody === undefined ? {} : { '*/*': { schema: { type: 'string', format: 'binary' } } }),
  }
  return { requestBody: { required, ...(rawBody && { description: rawBody }), content } }
}

function answersOf(responses: RouteStatement['responses']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(responses).map(([status, r]) => [status, answerOf(r)]))
}

function answerOf({
  description,
  schema,
  contentType,
}: ResponseStatement): Record<string, unknown> {
  if (schema !== undefined) return { description, content: json(jsonSchema(schema, 'output')) }
  if (contentType === undefined) return { description }
  return {
    description,
    content: { [contentType]: { schema: { type: 'string', format: 'binary' } } },
  }
}

/** Several codes may share a status: their titles are joined. */
function failuresOf({
  errors = [],
  access,
  errorForm = 'problem',
}: RouteStatement): Record<string, unknown> {
  const codes = new Set([
    ...commonErrors,
    ...(access === 'public' ? [] : (['unauthenticated'] as const)),
    ...errors,
  ])
  const failures: Record<string, { description: string; content: unknown }> = {}
  for (const code of codes) {
    const { title } = httpMeanings[code]
    const status = statusOf(code, errorForm)
    const before = failures[status]
    const description =
      before === undefined ? `${title} (${code})` : `${before.description}; ${title} (${code})`
    failures[status] = { description, content: errorContents[errorForm] }
  }
  return failures
}

function json(schema: unknown): Record<string, unknown> {
  return { 'application/json': { schema } }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', enum: Object.keys(httpMeanings) },
    field: { type: 'string', description: 'The input at fault.' },
    offsetBytes: {
      type: 'integer',
      description: 'With conflict about Upload-Offset, where the file ends.',
    },
    ...Object.fromEntries(
      ['quotaBytes', 'usedBytes', 'versionBytes', 'trashBytes', 'reservedBytes'].map((name) => [
        name,
        { type: 'integer', description: 'With quota_exceeded, to who owns the account.' },
      ]),
    ),
  },
}

const inferenceErrorSchema = {
  type: 'object',
  description: 'Open Inference Protocol v2.',
  required: ['error'],
  properties: { error: { type: 'string' } },
}
