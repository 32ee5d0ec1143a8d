import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of its own for each test that asks; all are removed after the file's tests. */
export function temporaryDirectories(): () => string {
  const made: string[] = []
  afterAll(() => made.forEach((path) => rmSync(path, { recursive: true, force: true })))
  return () => {
    const path = mkdtempSync(join(tmpdir(), 'gristmill-perf-'))
    made.push(path)
    return path
  }
}
