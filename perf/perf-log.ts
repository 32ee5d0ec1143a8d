import type { Stage } from '../webserver/domain/timing'
import type { RunClock } from './clock'
import { Gauges } from './gauges'
import { asciiOf, numberText, quote, TimeText, wholeUs } from './line'
import type { LogWriter } from './log-writer'
import { RequestIds } from './request-id'
import { TimedRequest, type RequestLog } from './timed-request'
import type { Perf, PerfLevel, RequestTiming } from './timing'

export interface PerfLogOptions {
  level: Exclude<PerfLevel, 'off'>
  clock: RunClock
  writer: LogWriter
  /** What a stage belongs to in this process. */
  parent: 'http' | 'infer'
  gaugeIntervalMs: number
}

/** Keys that say what a line is; a field of a call that has such a name gets a `_` behind it. */
const reserved = new Set(['t', 'd', 'n', 'k', 'p', 'rt'])

/** A perf log that writes. Line grammar: `notes/decisions/perf-log.md`. */
export class PerfLog implements Perf, RequestLog {
  readonly level: PerfLevel
  private readonly clock: RunClock
  private readonly writer: LogWriter
  private readonly times = new TimeText()
  private readonly ids = new RequestIds()
  private readonly gauges = new Gauges()
  private readonly timer: NodeJS.Timeout
  private readonly stageTail: string
  private readonly onExit = (code: number): void => this.close(`exit ${code}`)

  constructor({ level, clock, writer, parent, gaugeIntervalMs }: PerfLogOptions) {
    this.level = level
    this.clock = clock
    this.writer = writer
    this.stageTail = `,"p":"${parent}"}\n`
    this.timer = setInterval(() => this.writeGauges(), gaugeIntervalMs).unref()
    process.on('exit', this.onExit)
  }

  now(): number {
    return this.clock.now()
  }

  begin(requestId?: string): RequestTiming {
    return new TimedRequest(this, this.ids.of(requestId))
  }

  call(name: string, startedAt: number, fields?: Readonly<Record<string, string | number>>): void {
    const spentUs = this.clock.now() - startedAt
    let line = this.start(startedAt, spentUs, quote(name))
    for (const key in fields) {
      const value = fields[key]!
      const column = reserved.has(key) ? key + '_' : key
      line += `,${quote(column)}:${typeof value === 'string' ? quote(value) : numberText(value)}`
    }
    this.writer.addCall(line + '}\n')
  }

  stageEnded(stage: Stage, startedAt: number, spentUs: number, requestId: string): void {
    if (this.level !== 'calls') return
    const line = this.start(startedAt, spentUs, `"${stage}"`)
    this.writer.addCall(line + ',"r":"' + requestId + '"' + this.stageTail)
  }

  requestEnded(name: string, startedAt: number, requestId: string, rest: string): void {
    const spentUs = this.clock.now() - startedAt
    const line = this.start(startedAt, spentUs, '"' + name + '"')
    this.writer.addCall(line + ',"r":"' + requestId + '"' + rest + '}\n')
  }

  gauge(name: string, read: () => number): void {
    this.gauges.register(name, read)
  }

  close(why: string): void {
    process.off('exit', this.onExit)
    clearInterval(this.timer)
    this.gauges.stop()
    this.writer.close(() => this.tail(why))
  }

  private start(startedAt: number, spentUs: number, name: string): string {
    return '{"t":' + this.times.of(startedAt) + ',"d":' + String(wholeUs(spentUs)) + ',"n":' + name
  }

  private writeGauges(): void {
    const { writer } = this
    const flush = Math.round(writer.slowestWriteMs * 1000)
    writer.slowestWriteMs = 0
    const own = { k: 'gauge', t: Math.floor(this.clock.now()), drop: writer.dropped, flush }
    writer.addGauge(asciiOf(JSON.stringify({ ...own, ...this.gauges.read() })) + '\n')
  }

  private tail(why: string): string {
    const { records, dropped, bytes } = this.writer
    const t = Math.floor(this.clock.now())
    return asciiOf(JSON.stringify({ k: 'tail', t, records, dropped, bytes, why })) + '\n'
  }
}
