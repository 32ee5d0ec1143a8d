import type { IncomingHttpHeaders } from 'node:http'
import { refuse } from './request-fields'

const header = 'x-envoy-expected-rq-timeout-ms'

/**
 * How long the sender will wait for its answer, in ms; Infinity when it does not say. Envoy, and with it Istio and KServe's
 * gateways, tell it to the server behind them by this header (docs: "HTTP filters / Router").
 * @throws {AppError} `invalid`.
 */
export function headerTimeoutMs(headers: IncomingHttpHeaders): number {
  const value = headers[header]
  if (value === undefined) return Infinity
  if (typeof value !== 'string' || !/^[0-9]{1,9}$/.test(value))
    refuse(`header '${header}' must be a whole number of milliseconds`)
  return Number(value) || Infinity
}
