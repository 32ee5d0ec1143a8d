import { Router, type Request, type RequestHandler, type Response } from 'express'
import type { z } from 'zod'
import { AppError } from '../domain/errors'
import { jsonBody, type JsonBodyLimits } from './json-body'
import { sendProblem } from './problem'
import { templateOf, type Access, type Answer, type Route, type RouteStatement } from './route'

export interface RoutingOptions {
  jsonBody: JsonBodyLimits
  /** Puts the caller into the context, or throws `unauthenticated`. */
  authenticate(req: Request): Promise<void>
}

/** Registers every route, and for each path the answer to the verbs it has not. */
export function createRouter(routes: readonly Route[], options: RoutingOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const route of routes) {
    const { method, path } = route.statement
    router[method](path, ...handlersOf(route, options))
  }
  for (const [path, statements] of statementsByPath(routes))
    router.all(path, otherVerbs(statements))
  return router
}

function handlersOf(route: Route, options: RoutingOptions): RequestHandler[] {
  const { statement, handle } = route
  const template = templateOf(statement)
  const guard: RequestHandler = async (req, _res, next) => {
    req.context.route = template
    req.context.ownInferenceRoute = statement.errorForm === 'inference'
    if (needsCaller(statement.access, req)) await options.authenticate(req)
    next()
  }
  const answer: RequestHandler = async (req, res) => {
    const { context } = req
    const result = await handle({
      params: parse(statement.params, req.params, 'path'),
      query: parse(statement.query, req.query, 'query'),
      body: parse(statement.body, req.body as unknown, 'body', statement.errorForm),
      caller: context.caller,
      timing: context.timing,
      req,
      res,
    })
    if (result !== undefined) send(res, result)
  }
  if (statement.body === undefined) return [guard, answer]
  return [guard, jsonBody(bodyLimits(statement, options)), answer]
}

function bodyLimits({ bodyBytesMax, errorForm }: RouteStatement, { jsonBody }: RoutingOptions) {
  return {
    ...jsonBody,
    bytesMax: bodyBytesMax ?? jsonBody.bytesMax,
    mayBeAbsent: errorForm === 'inference',
  }
}

function needsCaller(access: Access, req: Request): boolean {
  if (access === 'optional') return req.headers.authorization !== undefined
  return access !== 'public'
}

function parse(
  schema: z.ZodType | undefined,
  input: unknown,
  where: string,
  form: RouteStatement['errorForm'] = 'problem',
): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = issue?.path.join('.') || unrecognised(issue) || where
  const why = issue?.message ?? 'not valid'
  const message = form === 'inference' ? `Invalid value for '${field}': ${why}` : `${field}: ${why}`
  throw new AppError('invalid', message, { field })
}

function unrecognised(issue: z.core.$ZodIssue | undefined): string | undefined {
  return issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
}

function send(res: Response, { status, headers, body }: Answer): void {
  res.status(status)
  for (const name in headers) res.setHeader(name, headers[name]!)
  if (body === undefined) {
    res.end()
    return
  }
  // As text, which Node sends in one write with the headers; its length is stated so that the perf log has it too.
  const text = JSON.stringify(body)
  res.setHeader('Content-Type', 'application/json; charset=utf-8')
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}

function statementsByPath(routes: readonly Route[]): Map<string, RouteStatement[]> {
  const byPath = new Map<string, RouteStatement[]>()
  for (const { statement } of routes)
    byPath.set(statement.path, [...(byPath.get(statement.path) ?? []), statement])
  return byPath
}

function verbsOf({ method }: RouteStatement): string[] {
  return method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]
}

function otherVerbs(statements: readonly RouteStatement[]): RequestHandler {
  const allow = [...new Set([...statements.flatMap(verbsOf), 'OPTIONS'])].join(', ')
  const advertised = Object.entries(
    Object.assign({}, ...statements.map(({ advertises }) => advertises)) as Record<string, string>,
  )
  return (req, res) => {
    res.setHeader('Allow', allow)
    if (req.method === 'OPTIONS') {
      for (const [name, value] of advertised) res.setHeader(name, value)
      res.status(204).end()
      return
    }
    sendProblem(
      req,
      res,
      new AppError('method_not_allowed', `${req.method} is not a verb of this path`),
    )
  }
}
