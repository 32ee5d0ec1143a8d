import type { Request, RequestHandler, Response } from 'express'
import type { Perf } from '../../../perf/timing'

/**
 * First in the chain: gives the request its id and its line in the perf log, written when the answer is sent or the
 * client has left (status 499, as nginx logs it). Only `res` tells that: `req` closes as soon as its body is read.
 */
export function requestContext(perf: Perf): RequestHandler {
  return (req, res, next) => {
    const timing = perf.begin(req.get('x-request-id'))
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
    res.once('close', () => record(req, res))
    next()
  }
}

function record(req: Request, res: Response): void {
  const { timing, route, caller, errorCode, bytesIn, bytesOut } = req.context
  timing.finish('http', {
    rt: route,
    s: res.writableFinished ? res.statusCode : 499,
    bi: bytesIn ?? Number(req.get('content-length') ?? 0),
    bo: bytesOut ?? Number(res.getHeader('content-length') ?? 0),
    ...(caller === null ? {} : { u: caller.accountId }),
    ...(errorCode === null ? {} : { e: errorCode }),
  })
}
