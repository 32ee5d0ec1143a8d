import type { RequestHandler } from 'express'
import type { Perf } from '../../../perf/timing'
import { AppError } from '../../domain/errors'

/** Refuses what exceeds the worker's limit before any work is done for it. */
export function admission(requestsInFlightMax: number, perf: Perf): RequestHandler {
  let inFlight = 0
  perf.gauge('inflight', () => inFlight)
  return (_req, res, next) => {
    if (inFlight >= requestsInFlightMax)
      throw new AppError('unavailable', 'This server is at its limit of requests', {
        retryAfterS: 1,
      })
    inFlight++
    res.once('close', () => inFlight--)
    next()
  }
}
