import type { Stage } from '../webserver/domain/timing'
import type { RunClock } from './clock'
import { Gauges } from './gauges'
import { asciiOf, wholeUs, type LineText } from './line'
import type { LogWriter } from './log-writer'
import type { RequestIds } from './request-id'
import { TimedRequest, type RequestLog } from './timed-request'
import type { Perf, PerfLevel, RequestTiming } from './timing'

export interface PerfLogOptions {
  level: Exclude<PerfLevel, 'off'>
  clock: RunClock
  writer: LogWriter
  ids: RequestIds
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
  private readonly ids: RequestIds
  private readonly gauges = new Gauges()
  private readonly timer: NodeJS.Timeout
  private readonly parentColumn: string
  private readonly onExit = (code: number): void => this.close(`exit ${code}`)

  constructor({ level, clock, writer, ids, parent, gaugeIntervalMs }: PerfLogOptions) {
    this.level = level
    this.clock = clock
    this.writer = writer
    this.ids = ids
    this.parentColumn = `,"p":"${parent}"`
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
    const now = this.clock.now()
    const line = this.start(startedAt, now - startedAt)
    line.addQuoted(name)
    for (const key in fields) {
      const value = fields[key]!
      line.add(',')
      line.addQuoted(reserved.has(key) ? key + '_' : key)
      line.add(':')
      if (typeof value === 'string') line.addQuoted(value)
      else line.addNumber(value)
    }
    this.endLine(now)
  }

  stageEnded(stage: Stage, startedAt: number, spentUs: number, requestId: string): void {
    if (this.level !== 'calls') return
    this.beginLine(stage, startedAt, spentUs, requestId).add(this.parentColumn)
    this.endLine(startedAt + spentUs)
  }

  beginLine(name: string, startedAt: number, spentUs: number, requestId: string): LineText {
    const line = this.start(startedAt, spentUs)
    line.add('"')
    line.add(name)
    line.add('","r":"')
    line.add(requestId)
    line.add('"')
    return line
  }

  endLine(now: number): void {
    this.writer.text.add('}\n')
    this.writer.addCall(now)
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

  private start(startedAt: number, spentUs: number): LineText {
    const { text } = this.writer
    text.add('{"t":')
    text.addTime(startedAt)
    text.add(',"d":')
    text.addNumber(wholeUs(spentUs))
    text.add(',"n":')
    return text
  }

  private writeGauges(): void {
    const { writer } = this
    const now = this.clock.now()
    const flush = Math.round(writer.slowestWriteUs)
    writer.slowestWriteUs = 0
    const own = { k: 'gauge', t: Math.floor(now), drop: writer.dropped, flush }
    writer.text.add(asciiOf(JSON.stringify({ ...own, ...this.gauges.read() })) + '\n')
    writer.addGauge(now)
  }

  private tail(why: string): string {
    const { records, dropped, bytes } = this.writer
    const t = Math.floor(this.clock.now())
    return asciiOf(JSON.stringify({ k: 'tail', t, records, dropped, bytes, why })) + '\n'
  }
}
