import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, readManifest, writeManifest } from './manifest'
import { runNumbers } from './run-directories'
import { ignoring } from './system-errors'

const allocationMs = 60_000

/** Writes `stop_reason: "crash"` into the runs that were neither stopped nor are running. */
export function markCrashedRuns(directory: string): void {
  for (const number of runNumbers(directory)) {
    const run = join(directory, String(number))
    const seen = readManifest(run)
    if (seen === undefined || seen.stop_reason !== null || isRunning(seen)) continue
    // Read again, now that nobody writes it any more: it may have stopped in order just now.
    const last = readManifest(run)
    if (last?.stop_reason === null) writeManifest(run, { ...last, stop_reason: 'crash' })
  }
}

/** Deletes the oldest runs until at most `runsMax` are left. A run in progress stays, and so does a directory that is no run. */
export function deleteOldRuns(directory: string, runsMax: number): void {
  const numbers = runNumbers(directory)
  for (const number of numbers.slice(0, Math.max(0, numbers.length - runsMax))) {
    const run = join(directory, String(number))
    if (isDisposable(run)) rmSync(run, { recursive: true, force: true })
  }
}

function isDisposable(run: string): boolean {
  const manifest = readManifest(run)
  if (manifest !== undefined) return !isRunning(manifest)
  // A start that died before its manifest leaves an empty directory; one that is under way has it for a moment.
  const isEmpty = ignoring(['ENOENT'], () => readdirSync(run).length === 0) ?? false
  return isEmpty && Date.now() - statSync(run).mtimeMs > allocationMs
}
