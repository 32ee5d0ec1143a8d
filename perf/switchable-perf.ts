import { NoPerf } from './no-perf'
import { RequestIds } from './request-id'
import type { Perf, PerfLevel, RequestTiming, RunInfo } from './timing'

export interface PerfSetting {
  level: PerfLevel
  /** Null, like the level `off`, logs nothing. */
  run: RunInfo | null
  /** One of so many requests of this process is logged. */
  sample: number
}

/** @param ids are one series, whatever log a request begins with. */
type OpenLog = (level: Exclude<PerfLevel, 'off'>, run: RunInfo, ids: RequestIds) => Perf

/** A perf log that is turned on, off and on again while its process runs. A call belongs to the log that it began with. */
export class SwitchablePerf implements Perf {
  private readonly ids = new RequestIds()
  private readonly off = new NoPerf(this.ids)
  private readonly gauges = new Map<string, () => number>()
  private current: Perf = this.off
  private setting: PerfSetting = { level: 'off', run: null, sample: 1 }
  private begun = 0

  constructor(private readonly open: OpenLog) {}

  get level(): PerfLevel {
    return this.current.level
  }

  switchTo(setting: PerfSetting): void {
    const before = this.setting
    this.setting = setting
    if (setting.level === before.level && setting.run?.directory === before.run?.directory) return
    this.current.close('switched')
    const { level, run } = setting
    this.current = level === 'off' || run === null ? this.off : this.open(level, run, this.ids)
    for (const [name, read] of this.gauges) this.current.gauge(name, read)
  }

  now(): number {
    return this.current.now()
  }

  begin(requestId?: string): RequestTiming {
    const { sample } = this.setting
    const log = sample > 1 && this.begun++ % sample !== 0 ? this.off : this.current
    return log.begin(requestId)
  }

  call(name: string, startedAt: number, fields?: Readonly<Record<string, string | number>>): void {
    // One that began while the log was off has no start.
    if (startedAt !== 0) this.current.call(name, startedAt, fields)
  }

  gauge(name: string, read: () => number): void {
    this.gauges.set(name, read)
    this.current.gauge(name, read)
  }

  close(why: string): void {
    this.current.close(why)
  }
}
