import type { Request, Response } from 'express'
import type { z } from 'zod'
import type { Caller } from '../domain/account'
import type { ErrorCode } from '../domain/errors'
import type { RequestTiming } from '../../perf/timing'

export type Method = 'get' | 'head' | 'put' | 'post' | 'patch' | 'delete'

/**
 * Who may call: anyone; anyone, but a token that is sent must be valid; holders of a session; or nginx, which passes a
 * client's token on over the socket that only it can reach. What a member may do is decided in the services.
 */
export type Access = 'public' | 'optional' | 'session' | 'nginx'

/** Everything a route states: it validates, documents and guards from the same lines. */
export interface RouteStatement {
  method: Method
  /** Express 5 syntax: `/v1/files/:owner/*path`. */
  path: string
  summary: string
  access: Access
  params?: z.ZodType
  query?: z.ZodType
  /** A JSON body. What else a body may be is described in `rawBody`. */
  body?: z.ZodType
  /** Of a JSON body; the setting `http.jsonBodyBytesMax` when absent. */
  bodyBytesMax?: number
  rawBody?: string
  responses: Readonly<Record<number, ResponseStatement>>
  /** Codes beside those every route has (`invalid`, `unauthenticated`, `unavailable`, `internal`). */
  errors?: readonly ErrorCode[]
  /** Headers that OPTIONS answers for the path: what there is to know before anything is sent. */
  advertises?: Readonly<Record<string, string>>
  /**
   * RFC 9457, or as the Open Inference Protocol has it: errors in its words, and a JSON body that may be absent and whose
   * type need not be stated.
   */
  errorForm?: 'problem' | 'inference'
}

export interface ResponseStatement {
  description: string
  schema?: z.ZodType
  /** Content type when it is not JSON. */
  contentType?: string
}

export interface Answer {
  status: number
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON; none when undefined. */
  body?: unknown
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

/** What a handler gets: parsed input and who asks. `req` and `res` are for routes that stream. */
export interface Call<S extends RouteStatement> {
  params: Parsed<S['params']>
  query: Parsed<S['query']>
  body: Parsed<S['body']>
  caller: S['access'] extends 'session' | 'nginx' ? Caller : Caller | null
  timing: RequestTiming
  req: Request
  res: Response
}

/** Returns the answer, or nothing when the handler has answered by itself. */
export type Handler<S extends RouteStatement> = (
  call: Call<S>,
) => Promise<Answer | undefined> | Answer

export interface Route {
  statement: RouteStatement
  handle: Handler<RouteStatement>
}

export function defineRoute<const S extends RouteStatement>(
  statement: S,
  handle: Handler<S>,
): Route {
  return { statement, handle: handle }
}

/** The name of a route in the perf log. */
export function templateOf({ method, path }: RouteStatement): string {
  return `${method.toUpperCase()} ${path}`
}
