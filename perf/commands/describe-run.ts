import type { Manifest } from '../manifest'
import type { FoundRun, LogTotals } from './find-run'
import { counted, duration, moment } from './format'

/** The lines above every report: which run it is, how it ended, and what is missing from it. */
export function describeRun(run: FoundRun, totals: LogTotals): string[] {
  const title = `Run ${run.number}${tagOf(run.manifest)}, ${startOf(run.manifest)}`
  return [
    `${title}, ${duration(totals.spanUs)}, ${endOf(run)}`,
    ...(run.manifest === undefined ? [] : [placeOf(run.manifest)]),
    ...gapsOf(totals),
  ]
}

function tagOf(manifest: Manifest | undefined): string {
  return manifest?.tag ? ` "${manifest.tag}"` : ''
}

function startOf(manifest: Manifest | undefined): string {
  return manifest === undefined ? 'no run.json' : `started ${moment(manifest.started_at)} UTC`
}

function endOf({ state, manifest }: FoundRun): string {
  if (state === 'clean') return `ended by ${manifest?.stop_reason ?? 'an unknown cause'}`
  if (state === 'running') return 'still going'
  return state === 'crash' ? 'ended by a crash' : 'how it ended is not known'
}

function placeOf({ program, machine, database, perf_level }: Manifest): string {
  const commit = program.git_sha ? ` at ${program.git_sha.slice(0, 8)}` : ''
  const cores = `${machine.cores ?? '?'} x ${machine.cpu_model ?? '?'}`
  const what = `${program.name ?? 'program'} ${program.version ?? ''}${commit}`
  return `${what}, node ${program.node ?? '?'}, ${cores}, database ${database}, perf level ${perf_level}`
}

function gapsOf({ tornLines, droppedLines }: LogTotals): string[] {
  const gaps = []
  if (droppedLines > 0) {
    gaps.push(
      `Dropped, since the log was full or the disk refused it: ${counted(droppedLines, 'line')}.`,
    )
  }
  if (tornLines > 0) gaps.push(`Skipped, since torn: ${counted(tornLines, 'line')}.`)
  return gaps
}
