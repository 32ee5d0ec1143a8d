import { runNumbers } from '../run-directories'
import { openRun, totalsOf, type FoundRun, type LogTotals } from './find-run'
import { bytes, duration, moment, percent, table, whole } from './format'
import { readRun } from './read-log'
import { Samples } from './samples'
import { numberOf } from './summarize'

interface RunRow {
  run: FoundRun
  totals: LogTotals
  serverErrors: number
  durations: Samples
}

/** The newest runs, one line each, newest first. */
export function runs(logs: string, count: number, asJson: boolean): string {
  const numbers = runNumbers(logs).reverse().slice(0, count)
  const rows = numbers.map((number) => rowOf(openRun(logs, number)))
  if (asJson) return JSON.stringify(rows.map(jsonOf), null, 2)
  if (rows.length === 0) return `No runs in ${logs} yet.`
  return table([heads, ...rows.map(cellsOf)], [1, 3, 9]).join('\n')
}

function rowOf(run: FoundRun): RunRow {
  const durations = new Samples()
  let serverErrors = 0
  const files = readRun(run.directory, (line) => {
    if (line.rt === undefined) return
    durations.add(line.d)
    if (numberOf(line.s) >= 500) serverErrors++
  })
  return { run, totals: totalsOf(files), serverErrors, durations }
}

const heads = [
  'run',
  'started (UTC)',
  'duration',
  'end',
  'requests',
  '5xx',
  'p50',
  'p99',
  'size',
  'tag',
]

function cellsOf({ run, totals, serverErrors, durations }: RunRow): string[] {
  const { count } = durations
  return [
    String(run.number),
    run.manifest === undefined ? '–' : moment(run.manifest.started_at),
    duration(totals.spanUs),
    run.state,
    whole(count),
    count === 0 ? '–' : percent(serverErrors / count),
    duration(durations.percentile(500)),
    duration(count < 100 ? undefined : durations.percentile(990)),
    bytes(totals.sizeBytes),
    run.manifest?.tag ?? '',
  ]
}

function jsonOf({ run, totals, serverErrors, durations }: RunRow) {
  return {
    run: run.number,
    state: run.state,
    stop_reason: run.manifest?.stop_reason ?? null,
    started_at: run.manifest?.started_at ?? null,
    tag: run.manifest?.tag ?? '',
    duration_us: totals.spanUs,
    size_bytes: totals.sizeBytes,
    torn_lines: totals.tornLines,
    dropped_lines: totals.droppedLines,
    requests: durations.count,
    status_5xx: serverErrors,
    p50_us: durations.percentile(500) ?? null,
    p99_us: durations.count < 100 ? null : (durations.percentile(990) ?? null),
  }
}
