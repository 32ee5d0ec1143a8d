import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writePlot, writeResults } from '../../../perf/bench/results'

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
  it('keeps plots beside them', () => {
    const path = join(directory, 'results.md')
    const shown = writePlot(path, 'open-loop', 'Latency', '<svg/>')
    expect(shown).toBe('![Latency](plots/open-loop.svg)')
    expect(readFileSync(join(directory, 'plots/open-loop.svg'), 'utf8')).toBe('<svg/>')
  })

  it('keeps the sections that an earlier run wrote byte by byte', () => {
    const path = join(directory, 'kept.md')
    const body = '## Overload\n\n| a | b |\n| --- | --- |\n\n![Goodput](plots/overload.svg)'
    writeResults(path, new Map([['overload', body]]))
    writeResults(path, new Map([['open-loop', '## Arrivals']]))
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(`<!-- section overload -->\n${body}\n<!-- end -->`)
    expect(text.indexOf('## Arrivals')).toBeLessThan(text.indexOf('## Overload'))
  })
})
