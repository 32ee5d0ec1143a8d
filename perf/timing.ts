import type { Timing } from '../webserver/domain/timing'

/** What the log holds: nothing, one wide line per request, or also one line per timed call. */
export type PerfLevel = 'off' | 'requests' | 'calls'

/** A run as its processes know it: numbered by start of the server, with one clock for all of them. */
export interface RunInfo {
  number: number
  directory: string
  /** `process.hrtime.bigint()` at the run's epoch, decimal, so that JSON can carry it. `t` of a line counts from one second before it. */
  epochNs: string
}

/** What a request's line says beside its stages; the keys are the log's. */
export interface RequestFields {
  /** Route template, never the raw path; `unmatched` when no route took the request. */
  rt: string
  /** Status; 499 when the client left before the answer was sent. */
  s: number
  /** Error code. */
  e?: string | undefined
  /** Bytes of the body in and out. */
  bi?: number | undefined
  bo?: number | undefined
  /** Model and how many items its run joined. */
  m?: string | undefined
  b?: number | undefined
  /** Length of the queue that the request met. */
  q?: number | undefined
  /** Account id. */
  u?: string | undefined
}

export interface RequestTiming extends Timing {
  readonly requestId: string
  /** As `now()` tells it. */
  readonly startedAt: number
  /** Writes the line. Only the first call counts. */
  finish(name: 'http' | 'infer', fields: RequestFields): void
}

/** When off, nothing is measured or written; requests have their ids all the same. */
export interface Perf {
  readonly level: PerfLevel
  now(): number
  /** Begins a request. An id from outside is kept only when it matches `[A-Za-z0-9._-]{1,64}`. */
  begin(requestId?: string): RequestTiming
  /**
   * One timed call that belongs to no request: a stage of the start, a model's load, a commit of the writer. Fields are not
   * named as what every line has (`t`, `d`, `n`, `k`, `p`, `rt`).
   */
  call(name: string, startedAt: number, fields?: Readonly<Record<string, string | number>>): void
  /** Adds a reading to each gauge line. */
  gauge(name: string, read: () => number): void
  /** Writes the tail line. Also done at exit. */
  close(why: string): void
}
