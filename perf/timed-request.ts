import { stages, type Stage } from '../webserver/domain/timing'
import { numberText, quote, wholeUs } from './line'
import type { RequestFields, RequestTiming } from './timing'

/** What a request needs of the log that it is written to. */
export interface RequestLog {
  now(): number
  stageEnded(stage: Stage, startedAt: number, spentUs: number, requestId: string): void
  requestEnded(name: string, startedAt: number, requestId: string, rest: string): void
}

const columnOf = Object.fromEntries(stages.map((stage, i) => [stage, i])) as Record<Stage, number>
const columnKeys = stages.map((stage) => `,"${stage}":`)
const noStages = stages.map(() => 0)

/** One request of a live log: a sum per stage, written as one line at its end. */
export class TimedRequest implements RequestTiming {
  private readonly startedAt: number
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

  end(stage: Stage, startedAt: number): void {
    const spentUs = this.log.now() - startedAt
    this.spentUs[columnOf[stage]]! += spentUs
    this.log.stageEnded(stage, startedAt, spentUs, this.requestId)
  }

  finish(name: 'http' | 'infer', fields: RequestFields): void {
    if (this.finished) return
    this.finished = true
    const rest = fieldsText(fields) + this.columns()
    this.log.requestEnded(name, this.startedAt, this.requestId, rest)
  }

  private columns(): string {
    let text = ''
    for (let i = 0; i < columnKeys.length; i++) {
      const spentUs = this.spentUs[i]!
      if (spentUs !== 0) text += columnKeys[i]! + String(wholeUs(spentUs))
    }
    return text
  }
}

function fieldsText({ rt, s, e, m, u, bi, bo, b, q }: RequestFields): string {
  let text = ',"rt":' + quote(rt) + ',"s":' + numberText(s)
  if (e !== undefined) text += ',"e":' + quote(e)
  if (m !== undefined) text += ',"m":' + quote(m)
  if (u !== undefined) text += ',"u":' + quote(u)
  if (bi !== undefined) text += ',"bi":' + numberText(bi)
  if (bo !== undefined) text += ',"bo":' + numberText(bo)
  if (b !== undefined) text += ',"b":' + numberText(b)
  if (q !== undefined) text += ',"q":' + numberText(q)
  return text
}
