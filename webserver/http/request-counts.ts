import { httpColumn } from '../metrics/block-kinds'
import { durationBuckets } from '../metrics/buckets'
import type { Counts } from '../metrics/counts'

export interface EndedRequest {
  method: string
  /** As the perf log calls it: verb and template, or `unmatched`. */
  route: string
  status: number
  durationMs: number
  bytesIn: number
  bytesOut: number
}

/** What a worker counts of its requests. */
export class RequestCounts {
  inFlight = 0
  private readonly blocks = new Map<string, Float64Array>()

  constructor(
    private readonly counts: Counts,
    slot: number,
  ) {
    counts.observe('http_in_flight', [String(slot)], (values) => (values[0] = this.inFlight))
  }

  ended({ method, route, status, durationMs, bytesIn, bytesOut }: EndedRequest): void {
    const block = this.blockOf(method, route, status)
    block[httpColumn.durationNs]! += Math.round(durationMs * 1e6)
    block[httpColumn.bytesIn]! += bytesIn
    block[httpColumn.bytesOut]! += bytesOut
    block[httpColumn.durationBuckets + durationBuckets.indexOf(durationMs * 1000)]!++
  }

  private blockOf(method: string, route: string, status: number): Float64Array {
    const key = `${method} ${route} ${status}`
    const known = this.blocks.get(key)
    if (known !== undefined) return known
    const block = this.counts.block('http', [method, pathOf(route), classOf(status)])
    this.blocks.set(key, block)
    return block
  }
}

/** Bounded, whatever clients send: verbs are those that Node reads, routes our own, and of a status only its class. */
function pathOf(route: string): string {
  return route.slice(route.indexOf(' ') + 1)
}

function classOf(status: number): string {
  return status === 499 ? '499' : `${Math.floor(status / 100)}xx`
}
