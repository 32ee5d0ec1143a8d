import { stages, type Stage } from '../webserver/domain/timing'
import { wholeUs, type LineText } from './line'
import type { RequestFields, RequestTiming } from './timing'

/** What a request needs of the log that it is written to. */
export interface RequestLog {
  now(): number
  stageEnded(stage: Stage, startedAt: number, spentUs: number, requestId: string): void
  /** Begins a request's line. Its fields are added to what it returns, and `endLine` follows in the same turn. */
  beginLine(name: string, startedAt: number, spentUs: number, requestId: string): LineText
  endLine(now: number): void
}

const columnOf = Object.fromEntries(stages.map((stage, i) => [stage, i])) as Record<Stage, number>
const columnKeys = stages.map((stage) => `,"${stage}":`)
// An array that once held a fraction is one of floating-point numbers for ever, and so are its copies.
const noStages = stages.map(() => 0.5).fill(0)

/** One request of a live log: a sum per stage, written as one line at its end. */
export class TimedRequest implements RequestTiming {
  readonly startedAt: number
  private readonly spentUs = noStages.slice()
  private finished = false

  constructor(
    private readonly log: RequestLog,
    readonly requestId: string,
  ) {
    this.startedAt = log.now()
  }

  now(): number {
    return this.log.now()
  }

  end(stage: Stage, startedAt: number): number {
    const now = this.log.now()
    this.spentUs[columnOf[stage]]! += now - startedAt
    this.log.stageEnded(stage, startedAt, now - startedAt, this.requestId)
    return now
  }

  finish(name: 'http' | 'infer', fields: RequestFields): void {
    if (this.finished) return
    this.finished = true
    const now = this.log.now()
    const line = this.log.beginLine(name, this.startedAt, now - this.startedAt, this.requestId)
    addFields(line, fields)
    this.addColumns(line)
    this.log.endLine(now)
  }

  private addColumns(line: LineText): void {
    for (let i = 0; i < columnKeys.length; i++) {
      const spentUs = this.spentUs[i]!
      if (spentUs === 0) continue
      line.add(columnKeys[i]!)
      line.addNumber(wholeUs(spentUs))
    }
  }
}

function addFields(line: LineText, { rt, s, e, m, u, bi, bo, b, q }: RequestFields): void {
  line.add(',"rt":')
  line.addQuoted(rt)
  addNumber(line, ',"s":', s)
  addText(line, ',"e":', e)
  addText(line, ',"m":', m)
  addText(line, ',"u":', u)
  addNumber(line, ',"bi":', bi)
  addNumber(line, ',"bo":', bo)
  addNumber(line, ',"b":', b)
  addNumber(line, ',"q":', q)
}

function addText(line: LineText, key: string, value: string | undefined): void {
  if (value === undefined) return
  line.add(key)
  line.addQuoted(value)
}

function addNumber(line: LineText, key: string, value: number | undefined): void {
  if (value === undefined) return
  line.add(key)
  line.addNumber(value)
}
