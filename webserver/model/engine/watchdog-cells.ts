/** What the engine's main thread and its watchdog thread share: a few 32-bit cells and one byte per descriptor. */

export const cells = { activity: 0, deadline: 1, model: 2, turn: 3, stop: 4, count: 5 } as const

/** What the main thread is inside of; without an activity it must turn its event loop. */
export const activities = { none: 0, run: 1, load: 2 } as const

/**
 * What a connection is doing. `waiting` holds from its beginning until a run: while the main thread is inside of one,
 * nobody can tell whether a request has arrived on it. During `answering`, part of an answer may be on its way.
 */
export const connectionStates = { none: 0, waiting: 1, running: 2, answering: 3 } as const

export type ConnectionState = (typeof connectionStates)[keyof typeof connectionStates]

/** Connections on higher descriptors are served like others, but closed without an answer when the engine is ended. */
export const descriptorsMax = 65_536

export interface WatchdogData {
  cells: SharedArrayBuffer
  connections: SharedArrayBuffer
  /** By the number in the model cell. */
  models: readonly { name: string; version: string; marker: string }[]
  slot: number
  /** Where heartbeats go, null when nobody listens. */
  heartbeatFd: number | null
  heartbeatIntervalMs: number
  heartbeatTimeoutMs: number
  runTimeoutMs: number
}

/** A clock that both threads read alike, in ms modulo 2^32: only differences mean something. */
export function sharedClockMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return (seconds * 1000 + Math.floor(nanoseconds / 1e6)) | 0
}

/** From `from` to `to`, which must lie less than 24 days apart. */
export function elapsedMs(from: number, to: number): number {
  return (to - from) | 0
}
