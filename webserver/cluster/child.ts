import { openPerf } from '../../perf/open-perf'
import type { SwitchablePerf } from '../../perf/switchable-perf'
import type { Perf } from '../../perf/timing'
import { pathsOf } from '../config/paths'
import type {
  FromChild,
  ProcessSetup,
  RoleContext,
  Running,
  ToChild,
} from '../config/process-setup'
import { Counts } from '../metrics/counts'
import { observeProcess } from '../metrics/observe-process'
import { Reporter } from '../metrics/reporter'
import { createLogger, type Logger } from '../platform/logger'
import { ControlClient } from './control-client'

export type StartRole = (context: RoleContext) => Promise<Running>

// Without its primary a process has no one to restart or stop it; it may finish what it can within this time.
const orphanTimeoutMs = 1500

/**
 * Joins a role to the primary: starts it, says ready, beats, passes the status on, drains when told, and ends when the
 * primary is gone. An error that nobody caught ends the process: its state is unknown.
 */
export async function runChild(setup: ProcessSetup, load: () => Promise<StartRole>): Promise<void> {
  const log = createLogger(setup.config.log.level, setup.role, setup.slot)
  endOnUncaught(log)
  ignoreTerminalSignals()
  const endOrphan = () => process.exit(1)
  process.once('disconnect', endOrphan)
  const control = controlClient(setup)
  const counts = new Counts()
  observeProcess(counts, setup.role, setup.slot)
  const perf = openPerf({
    level: setup.config.perf.level,
    run: setup.run,
    sample: setup.perfSample ?? 1,
    role: setup.role,
    slot: setup.slot,
    bytesPerProcessMax: setup.config.perf.bytesPerProcessMax,
    gaugeIntervalMs: setup.config.perf.gaugeIntervalMs,
    writeDelayMs: setup.config.perf.writeDelayMs,
    warn: (message) => log.warn(message),
  })
  followLive(perf, log)
  try {
    const start = await load()
    const parts = { setup, paths: pathsOf(setup.config), perf, log, control, counts, tell: send }
    const running = await start(parts)
    process.off('disconnect', endOrphan)
    attach(setup, running, { perf, log, counts })
  } catch (error) {
    log.error({ err: error }, 'could not start')
    perf.close('failed')
    const reason = error instanceof Error ? error.message : String(error)
    process.send?.({ type: 'failed', reason } satisfies FromChild, () => process.exit(1))
  }
}

function attach(
  setup: ProcessSetup,
  running: Running,
  { perf, log, counts }: { perf: Perf; log: Logger; counts: Counts },
) {
  const reporter = startReporter(setup, counts)
  let stopping = false
  const stop = async (why: string) => {
    if (stopping) return
    stopping = true
    const code = await drain(running, log)
    await reporter.finish()
    perf.close(why)
    process.exit(code)
  }
  process.on('message', (message: ToChild) => {
    if (message.type === 'status') running.onStatus?.(message.status)
    else if (message.type === 'drain') void stop('drained')
  })
  process.on('disconnect', () => {
    log.warn('the primary is gone')
    setTimeout(() => process.exit(1), orphanTimeoutMs)
    void stop('orphaned')
  })
  send({ type: 'ready' })
  // The heartbeat of an engine comes from its watchdog thread: its event loop stands still during a run.
  if (setup.role !== 'engine')
    setInterval(() => send({ type: 'beat' }), setup.config.cluster.heartbeatIntervalMs)
}

/** From the beginning: a setting may change while the role starts. */
function followLive(perf: SwitchablePerf, log: Logger): void {
  process.on('message', (message: ToChild) => {
    if (message.type !== 'live') return
    const { perfLevel, perfSample, logLevel, run } = message
    perf.switchTo({ level: perfLevel, sample: perfSample, run })
    log.level = logLevel
  })
}

function startReporter({ config }: ProcessSetup, counts: Counts): Reporter {
  const reporter = new Reporter({
    counts,
    intervalMs: config.metrics.intervalMs,
    send(report, onSent) {
      if (process.connected) process.send?.(report, () => onSent())
      else onSent()
    },
  })
  process.on('message', (message: ToChild) => {
    if (message.type === 'count') reporter.answer(message.question)
    else if (message.type === 'counted') reporter.confirmed()
  })
  return reporter
}

// A worker that asks more at once is asked too much itself.
const questionsMax = 1000

/** Hears its answers from the beginning: a role may ask while it starts. */
function controlClient({ config }: ProcessSetup): ControlClient {
  // A change that is out of time goes on until the engine it is at has started.
  const timeoutMs = config.models.changeTimeoutMs + 2 * config.cluster.startTimeoutMs
  const control = new ControlClient({ send, pendingMax: questionsMax, timeoutMs })
  process.on('message', (message: ToChild) => {
    if (message.type === 'reply') control.onReply(message)
  })
  return control
}

async function drain(running: Running, log: Logger): Promise<number> {
  try {
    await running.drain()
    return 0
  } catch (error) {
    log.error({ err: error }, 'could not drain')
    return 1
  }
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

function endOnUncaught(log: Logger): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, 'uncaught error')
    process.exit(1)
  }
  process.on('uncaughtException', end)
  process.on('unhandledRejection', end)
}

/** A terminal signals its whole group; the primary alone decides in which order processes stop. */
function ignoreTerminalSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
}
