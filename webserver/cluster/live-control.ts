import { openPerf } from '../../perf/open-perf'
import { Run } from '../../perf/run'
import type { SwitchablePerf } from '../../perf/switchable-perf'
import type { RunInfo } from '../../perf/timing'
import type { LiveForProcess, ToChild } from '../config/process-setup'
import type { Config } from '../config/schema'
import { AppError } from '../domain/errors'
import type { LiveChange, LiveSettings } from '../domain/live-settings'
import type { Logger } from '../platform/logger'

export interface LiveControlOptions {
  config: Config
  /** Where runs are kept. */
  directory: string
  log: Logger
  /** Sends to every process of ours that lives, ready or not. */
  tellAll(message: ToChild): void
  /** A run was begun while the service was running already. */
  onRunOpened(run: Run): void
}

type Chosen = Omit<LiveSettings, 'run'>

/** The perf log's run, and what can be changed while the service runs: tracing and the log's level. */
export class LiveControl {
  /** Of the primary itself. */
  readonly perf: SwitchablePerf
  run: Run | null = null
  private readonly start: Chosen
  private chosen: Chosen

  /** @throws the file system's error when the perf log is on and its directory cannot be written. */
  constructor(private readonly options: LiveControlOptions) {
    const { perf, log } = options.config
    this.start = { trace: perf.level !== 'off', traceSample: 1, logLevel: log.level }
    this.chosen = this.start
    if (this.chosen.trace) this.run = this.openRun()
    const warn = (message: string) => options.log.warn(message)
    const { perfLevel: level, perfSample: sample, run } = this.forProcess
    this.perf = openPerf({ ...perf, level, sample, run, role: 'primary', slot: 0, warn })
  }

  get settings(): LiveSettings {
    return { ...this.chosen, run: this.run?.info.number ?? null }
  }

  /** What a process is told, and a new one begins with. */
  get forProcess(): LiveForProcess {
    const { trace, traceSample, logLevel } = this.chosen
    const { level } = this.options.config.perf
    return {
      perfLevel: !trace ? 'off' : level === 'off' ? 'requests' : level,
      perfSample: traceSample,
      logLevel,
      run: this.runInfo,
    }
  }

  /**
   * Puts a change into force everywhere. A service that was started without the perf log gets a run of its own.
   * @param account id of who wants it. @throws {AppError} `unavailable` when the perf log cannot be opened.
   */
  change(account: string, change: LiveChange): LiveSettings {
    const { log } = this.options
    const { trace, traceSample, logLevel } = this.chosen
    const chosen = {
      trace: change.trace === undefined ? trace : (change.trace ?? this.start.trace),
      traceSample:
        change.traceSample === undefined
          ? traceSample
          : (change.traceSample ?? this.start.traceSample),
      logLevel: change.logLevel ?? logLevel,
    }
    if (chosen.trace && this.run === null) this.beginRun()
    // Before the level changes, which may silence it.
    log.warn({ account, ...change }, 'live settings are changed')
    this.chosen = chosen
    this.apply()
    return this.settings
  }

  private beginRun(): void {
    try {
      this.run = this.openRun()
    } catch (cause) {
      this.options.log.error({ err: cause }, 'the perf log cannot be opened')
      throw new AppError('unavailable', 'the perf log cannot be opened', { cause })
    }
    this.options.onRunOpened(this.run)
  }

  private apply(): void {
    const live = this.forProcess
    this.perf.switchTo({ level: live.perfLevel, sample: live.perfSample, run: live.run })
    this.options.log.level = live.logLevel
    this.options.tellAll({ type: 'live', ...live })
  }

  private get runInfo(): RunInfo | null {
    return this.run?.info ?? null
  }

  private openRun(): Run {
    const { config, directory, log } = this.options
    return new Run({
      directory,
      runsMax: config.perf.runsMax,
      tag: config.perf.tag,
      perfLevel: config.perf.level === 'off' ? 'requests' : config.perf.level,
      database: config.database.kind,
      config,
      warn: (message) => log.warn(message),
    })
  }
}
