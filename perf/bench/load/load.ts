import type { Arrivals } from './arrivals'
import type { HistogramData } from './histogram'

/** What a load generator is to do. */
export interface LoadOrder {
  host: string
  port: number
  /** Whole HTTP/1.1 requests, sent in turn. */
  requests: readonly Uint8Array[]
  arrivals: Arrivals
  durationMs: number
  /** An answer 2xx within this time is good. */
  deadlineMs: number
  /** More connections are never open; requests that find none free wait, and their wait counts. */
  connectionsMax: number
}

/** What happened within one slot of the run, by the time at which it happened. */
export interface Slot {
  offered: number
  good: number
  /** Answered 2xx, but past the deadline. */
  late: number
  /** Answered 503: turned away. */
  shed: number
  failed: number
}

export const slotMs = 250

export interface LoadResult {
  offered: number
  good: number
  late: number
  shed: number
  /** Any other answer, and failed connections. */
  failed: number
  /** Those by their HTTP status; 0 is a connection that failed or said what is no answer. */
  failures: Readonly<Record<number, number>>
  /** Still without an answer when the generator gave up; they count in `latency` as long as was waited for them. */
  unanswered: number
  durationMs: number
  /** From the intended time of sending to the last byte, of what was answered 2xx or not at all. */
  latency: HistogramData
  /** The same of what was turned away. */
  shedLatency: HistogramData
  /** How much later than intended requests were sent, for want of a timer or of a connection. */
  lateness: HistogramData
  slots: readonly Slot[]
  /** CPU time of the generator, of one core. */
  cpuShare: number
}

/** A whole HTTP/1.1 request as bytes. */
export function requestBytes(args: {
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body?: Uint8Array
}): Buffer {
  const { method, path, headers, body = Buffer.alloc(0) } = args
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}
