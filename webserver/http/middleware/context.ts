import type { Request, RequestHandler, Response } from 'express'
import type { Perf } from '../../../perf/timing'
import type { RequestCounts } from '../request-counts'

/**
 * First in the chain: gives the request its id, its line in the perf log and its place in the metrics, when the answer is
 * sent or the client has left (status 499, as nginx logs it). Only `res` tells that: `req` closes as soon as its body is read.
 */
export function requestContext(perf: Perf, requests: RequestCounts): RequestHandler {
  return (req, res, next) => {
    const timing = perf.begin(req.get('x-request-id'))
    const startedAtMs = performance.now()
    req.context = {
      timing,
      route: 'unmatched',
      caller: null,
      bytesIn: null,
      bytesOut: null,
      errorCode: null,
      ownInferenceRoute: false,
    }
    res.setHeader('X-Request-Id', timing.requestId)
    res.once('close', () => record(req, res, { requests, startedAtMs }))
    next()
  }
}

function record(
  req: Request,
  res: Response,
  { requests, startedAtMs }: { requests: RequestCounts; startedAtMs: number },
): void {
  const { timing, route, caller, errorCode, bytesIn, bytesOut } = req.context
  const status = res.writableFinished ? res.statusCode : 499
  const bi = bytesIn ?? Number(req.get('content-length') ?? 0)
  const bo = bytesOut ?? Number(res.getHeader('content-length') ?? 0)
  timing.finish('http', {
    rt: route,
    s: status,
    bi,
    bo,
    u: caller?.accountId,
    e: errorCode ?? undefined,
  })
  const durationMs = performance.now() - startedAtMs
  requests.ended({ method: req.method, route, status, durationMs, bytesIn: bi, bytesOut: bo })
}
