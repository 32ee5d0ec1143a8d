export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** What can be changed while the service runs, in force in all its processes. */
export interface LiveSettings {
  /** Whether requests are written to the perf log. */
  trace: boolean
  /** One of so many requests of each process is written. */
  traceSample: number
  /** Number of the run that the perf log is part of; null when none was opened so far. */
  run: number | null
  /** The least severe message that is printed. */
  logLevel: LogLevel
}

/** What is to change; null goes back to what was set at the start. */
export interface LiveChange {
  trace?: boolean | null
  traceSample?: number | null
  logLevel?: LogLevel
}
