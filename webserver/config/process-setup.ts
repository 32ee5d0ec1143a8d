import type { Perf, PerfLevel, RunInfo } from '../../perf/timing'
import type { LogLevel } from '../domain/live-settings'
import type { ModelPins } from '../domain/model-pins'
import type { ModelReport } from '../domain/model-report'
import type { ControlQuestion, ServiceControl } from '../domain/service-control'
import type { WireError } from '../domain/wire-error'
import type { Counts } from '../metrics/counts'
import type { CountsReport } from '../metrics/reporter'
import type { Logger } from '../platform/logger'
import type { Paths } from './paths'
import type { Config } from './schema'

/** The roles that are kept alive; a checker lives only as long as there are models to check. */
export type ServingRole = 'worker' | 'writer' | 'engine'
export type ChildRole = ServingRole | 'checker'

/** What the primary hands to a process it forks, as JSON in one environment variable. Only the primary loads settings. */
export interface ProcessSetup {
  role: ChildRole
  slot: number
  config: Config
  /** Null when the perf log was never on. */
  run: RunInfo | null
  /** One of so many requests is written to the perf log; all when absent. */
  perfSample?: number | undefined
  /** How the service stands when a worker is forked, so that it can answer `/readyz` from its first request on. */
  status?: ServiceStatus | undefined
}

export interface ProcessState {
  role: ServingRole | 'nginx'
  slot: number
  ready: boolean
  /** Why it is not ready, in a few words. */
  reason?: string
}

/** The primary's view of the service, sent to the workers whenever it changes; `/readyz` answers from it. */
export interface ServiceStatus {
  draining: boolean
  /** Where requests for some of the models have to go; all others may go to any engine. */
  pins?: ModelPins
  processes: ProcessState[]
}

/** What may change while a process runs; it begins with what its settings say. */
export interface LiveForProcess {
  perfLevel: PerfLevel
  perfSample: number
  logLevel: LogLevel
  run: RunInfo | null
}

/** A question to the primary and what it answered (domain/service-control.ts). */
export interface Ask {
  type: 'ask'
  id: number
  question: ControlQuestion
  argument: unknown
}
export type ControlReply = { type: 'reply'; id: number } & (
  { answer: unknown } | { error: WireError }
)

/** How an engine has the models of a plan; sent before it is ready and again whenever something has changed. */
export interface ModelsReport {
  type: 'models'
  /** Number of the plan that it read (model/model-plan.ts). */
  plan: number
  models: readonly ModelReport[]
}

export type FromChild =
  | { type: 'ready' }
  | { type: 'beat' }
  | { type: 'failed'; reason: string }
  | Ask
  | ModelsReport
  | CountsReport
export type ToChild =
  | { type: 'drain' }
  | { type: 'status'; status: ServiceStatus }
  | ControlReply
  /** What the process has counted is asked for, or was taken in. */
  | { type: 'count'; question: number }
  | { type: 'counted' }
  | ({ type: 'live' } & LiveForProcess)

/** A role that has started. */
export interface Running {
  /** Ends the requests in hand, refuses new ones, closes what it owns. The process exits when it resolves. */
  drain(): Promise<void>
  onStatus?(status: ServiceStatus): void
}

/** What `main.ts` gives a role to start with. */
export interface RoleContext {
  setup: ProcessSetup
  paths: Paths
  perf: Perf
  log: Logger
  control: ServiceControl
  /** Tells the primary what it did not ask for. */
  tell(message: FromChild): void
  /** What this process counts; the primary has the totals. */
  counts: Counts
}
