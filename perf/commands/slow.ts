import { describeRun } from './describe-run'
import { totalsOf, type FoundRun } from './find-run'
import { duration, percent } from './format'
import { readRun, type CallLine, type LogFile } from './read-log'
import { stagesOf, unaccounted } from './summarize'

interface SlowRequest {
  line: CallLine
  file: LogFile
}

export interface SlowOptions {
  /** How many requests to show. */
  count: number
  /** Only routes that contain this text. */
  route: string
}

/** The slowest requests of a run with their stages, slowest first. */
export function slow(run: FoundRun, options: SlowOptions, asJson: boolean): string {
  const slowest = new Slowest(options.count)
  const totals = totalsOf(
    readRun(run.directory, (line, file) => {
      if (typeof line.rt === 'string' && line.rt.includes(options.route)) slowest.add(line, file)
    }),
  )
  const found = slowest.list()
  if (asJson) return JSON.stringify(found.map(jsonOf), null, 2)
  const none = found.length === 0 ? ['', 'No requests.'] : []
  return [...describeRun(run, totals), ...none, ...found.flatMap(textOf)].join('\n')
}

/** Keeps the longest of what it is shown, sorted now and then instead of each time. */
class Slowest {
  private kept: SlowRequest[] = []
  private threshold = -1

  constructor(private readonly count: number) {}

  add(line: CallLine, file: LogFile): void {
    if (line.d <= this.threshold) return
    this.kept.push({ line, file })
    if (this.kept.length >= this.count * 2 + 64) this.cut()
  }

  list(): SlowRequest[] {
    this.cut()
    return this.kept
  }

  private cut(): void {
    this.kept.sort((a, b) => b.line.d - a.line.d)
    this.kept.length = Math.min(this.kept.length, this.count)
    if (this.kept.length === this.count) this.threshold = this.kept.at(-1)?.line.d ?? -1
  }
}

function textOf({ line, file }: SlowRequest, i: number): string[] {
  const { t, d, n, r, rt, s, e, m } = line
  const error = e === undefined ? '' : ` ${e}`
  const model = m === undefined ? '' : `, model ${m}`
  const when = duration(Math.max(0, t - 1e6))
  const where = `${when} into the run, ${file.owner}, pid ${file.pid}, request ${r ?? '?'}${model}`
  const parts = [...stagesOf(line), ['unaccounted', unaccounted(line)] as const]
    .sort(([, a], [, b]) => b - a)
    .map(([stage, us]) => `${stage} ${duration(us)} (${percent(us / d)})`)
  return [
    '',
    `${i + 1}. ${duration(d)}  ${n}  ${rt ?? ''}  ${s ?? '?'}${error}`,
    `   ${where}`,
    `   ${parts.join(', ')}`,
  ]
}

function jsonOf({ line, file }: SlowRequest) {
  return { ...line, unaccounted: unaccounted(line), pid: file.pid, process: file.owner }
}
