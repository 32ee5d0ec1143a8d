import type { RequestTiming } from '../../perf/timing'
import type { Caller } from '../domain/account'

/** What the middleware knows about a request; handlers receive it, services never do. */
export interface RequestContext {
  timing: RequestTiming
  /** Template of the route that took the request; what the perf log calls it. */
  route: string
  caller: Caller | null
  /** Bytes of the body that were really read, where a route counts them. */
  bytesIn: number | null
  /** Bytes of the body that nginx sends in our name. */
  bytesOut: number | null
  errorCode: string | null
  /** Whether the route is the worker's own under `/v2`, whose errors say more than nginx would in its place. */
  ownInferenceRoute: boolean
}

declare module 'express-serve-static-core' {
  interface Request {
    context: RequestContext
  }
}
