import type { RequestHandler } from 'express'
import type { Perf } from '../../../perf/timing'
import { AppError } from '../../domain/errors'
import type { RequestCounts } from '../request-counts'

export interface AdmissionParts {
  perf: Perf
  requests: RequestCounts
}

/** Refuses what exceeds the worker's limit before any work is done for it. */
export function admission(
  requestsInFlightMax: number,
  { perf, requests }: AdmissionParts,
): RequestHandler {
  perf.gauge('inflight', () => requests.inFlight)
  return (_req, res, next) => {
    if (requests.inFlight >= requestsInFlightMax)
      throw new AppError('unavailable', 'This server is at its limit of requests', {
        retryAfterS: 1,
      })
    requests.inFlight++
    res.once('close', () => requests.inFlight--)
    next()
  }
}
