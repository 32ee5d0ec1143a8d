import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeResults } from '../../../perf/bench/results'

describe('results of the benchmark', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-results-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it('replaces the sections that were run and keeps the others, in the order of the report', () => {
    const path = join(directory, 'results.md')
    writeResults(path, new Map([['uploads', '## uploads 1']]))
    writeResults(path, new Map([['inference', '## inference']]))
    writeResults(path, new Map([['uploads', '## uploads 2']]))
    const headings = readFileSync(path, 'utf8').match(/^##? .*$/gm)
    expect(headings).toEqual(['# Benchmark results', '## inference', '## uploads 2'])
  })
})
