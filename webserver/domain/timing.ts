/** The stages of a request that the perf log names. Times are µs since the run's epoch. */
export const stages = [
  'queue',
  'parse',
  'auth',
  'password',
  'database',
  'read',
  'hash',
  'fsync',
  'commit',
  'batch_wait',
  'infer',
  'write',
  'upstream',
] as const

export type Stage = (typeof stages)[number]

/** What a service sees of the perf log: one request's stages. Passed along, never looked up (no AsyncLocalStorage). */
export interface Timing {
  /** Now, in µs since the run's epoch; 0 when the perf log is off. */
  now(): number
  /**
   * Adds the time since `startedAt` to a stage. Calling it again for the same stage sums up.
   * @returns now, where a next stage may begin without another look at the clock.
   */
  end(stage: Stage, startedAt: number): number
}

/** For work that belongs to no request, and for tests. */
export const noTiming: Timing = { now: () => 0, end: () => 0 }
