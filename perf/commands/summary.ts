import { describeRun } from './describe-run'
import { totalsOf, type FoundRun, type LogTotals } from './find-run'
import {
  bar,
  bytes,
  counted,
  duration,
  percent,
  perSecond,
  sparkline,
  table,
  whole,
} from './format'
import { readRun } from './read-log'
import type { Samples } from './samples'
import { Summary, type Group } from './summarize'

const sparklineWidth = 60
const barWidth = 20
/** A p99 of fewer would only be the largest. */
const samplesForP99 = 100

/** Per route: how many requests, how fast, and where their time went. */
export function summary(run: FoundRun, asJson: boolean): string {
  const summed = new Summary()
  const totals = totalsOf(readRun(run.directory, (line) => summed.add(line)))
  return asJson ? jsonOf(run, totals, summed) : textOf(run, totals, summed)
}

function textOf(run: FoundRun, totals: LogTotals, summed: Summary): string {
  const routes = summed.routes().flatMap((group) => routeText(group, totals.spanUs))
  return [
    ...describeRun(run, totals),
    '',
    ...overview(totals, summed),
    ...routes,
    ...callsText(summed.calls()),
  ].join('\n')
}

function overview(totals: LogTotals, summed: Summary): string[] {
  if (summed.requests === 0) return ['No requests.']
  const rates = ratesOf(totals, summed)
  const mean = perSecond(rateOf(summed.requests, totals.spanUs))
  return [
    `${counted(summed.requests, 'request')}, ${mean}`,
    `${sparkline(rates)}  at most ${perSecond(Math.max(...rates))}`,
  ]
}

/** Requests a second over the run, in at most `sparklineWidth` equal parts of whole seconds. */
function ratesOf({ firstUs, spanUs }: LogTotals, { startedInSecond }: Summary): number[] {
  const first = Math.floor(firstUs / 1e6)
  const seconds = Math.floor((firstUs + spanUs) / 1e6) - first + 1
  const width = Math.ceil(seconds / sparklineWidth)
  const rates = new Array<number>(Math.ceil(seconds / width)).fill(0)
  for (const [second, count] of startedInSecond) {
    rates[Math.floor((second - first) / width)]! += count / width
  }
  return rates
}

function routeText(group: Group, spanUs: number): string[] {
  const { total, stages, clientErrors, serverErrors, bytesIn, bytesOut } = group
  const facts = [
    counted(total.count, 'request'),
    perSecond(rateOf(total.count, spanUs)),
    `4xx ${percent(clientErrors / total.count)}`,
    `5xx ${percent(serverErrors / total.count)}`,
    `in ${bytes(bytesIn)}`,
    `out ${bytes(bytesOut)}`,
  ]
  const rows = [
    [...spreadHeads, 'share of time'],
    ['total', ...spreadCells(total), ''],
    ...[...stages]
      .sort(([, a], [, b]) => b.sum - a.sum)
      .map(([stage, samples]) => [stage, ...spreadCells(samples), shareCell(samples, total)]),
  ]
  const lines = table(rows, [0, 7]).map((line) => `  ${line}`)
  return ['', `${group.name}  ${group.route ?? ''}`, `  ${facts.join(', ')}`, ...lines]
}

function callsText(calls: readonly Group[]): string[] {
  if (calls.length === 0) return []
  const rows = [
    [...spreadHeads, 'together'],
    ...calls.map(({ name, total }) => [name, ...spreadCells(total), duration(total.sum)]),
  ]
  return ['', 'Calls outside requests', ...table(rows, [0]).map((line) => `  ${line}`)]
}

const spreadHeads = ['', 'count', 'mean', 'p50', 'p90', 'p99', 'max']

function spreadCells(samples: Samples): string[] {
  const { count, mean_us, p50_us, p90_us, p99_us, max_us } = spreadOf(samples)
  const times = [mean_us, p50_us, p90_us, p99_us, max_us]
  return [whole(count), ...times.map((us) => duration(us ?? undefined))]
}

function shareCell(samples: Samples, total: Samples): string {
  const share = total.sum === 0 ? 0 : samples.sum / total.sum
  return `${percent(share).padStart(7)} ${bar(share, barWidth)}`
}

function spreadOf(samples: Samples) {
  const { count, sum } = samples
  return {
    count,
    mean_us: count === 0 ? 0 : Math.round(sum / count),
    p50_us: samples.percentile(500) ?? null,
    p90_us: samples.percentile(900) ?? null,
    p99_us: count < samplesForP99 ? null : (samples.percentile(990) ?? null),
    max_us: samples.percentile(1000) ?? null,
  }
}

function rateOf(count: number, spanUs: number): number {
  return spanUs === 0 ? 0 : count / (spanUs / 1e6)
}

function jsonOf(run: FoundRun, totals: LogTotals, summed: Summary): string {
  const report = {
    run: run.number,
    state: run.state,
    tag: run.manifest?.tag ?? '',
    duration_us: totals.spanUs,
    size_bytes: totals.sizeBytes,
    torn_lines: totals.tornLines,
    dropped_lines: totals.droppedLines,
    requests: summed.requests,
    routes: summed.routes().map((group) => routeJson(group, totals.spanUs)),
    calls: summed.calls().map(({ name, total }) => ({ name, ...spreadOf(total) })),
  }
  return JSON.stringify(report, null, 2)
}

function routeJson(group: Group, spanUs: number) {
  const { total } = group
  const stages = [...group.stages].map(([stage, samples]) => {
    const share = total.sum === 0 ? 0 : samples.sum / total.sum
    return [stage, { ...spreadOf(samples), share: Math.round(share * 1e4) / 1e4 }]
  })
  return {
    name: group.name,
    route: group.route,
    rate_per_s: Math.round(rateOf(total.count, spanUs) * 1000) / 1000,
    status_4xx: group.clientErrors,
    status_5xx: group.serverErrors,
    bytes_in: group.bytesIn,
    bytes_out: group.bytesOut,
    total: spreadOf(total),
    stages: Object.fromEntries(stages) as Record<string, unknown>,
  }
}
