import fc from 'fast-check'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { duration, sparkline } from '../../perf/commands/format'
import { runCommand } from '../../perf/commands/run-command'
import { Samples } from '../../perf/commands/samples'
import { readManifest } from '../../perf/manifest'
import { startOfProcess } from '../../perf/run-facts'
import { writeFixtureRun } from '../support/perf/fixture-run'
import { temporaryDirectories } from '../support/perf/temporary-directory'

const directory = temporaryDirectories()

function fixture(): { logs: string; run: string } {
  const logs = directory()
  return { logs, run: writeFixtureRun(logs) }
}

function printed(logs: string, ...argv: string[]): string {
  const { code, output, complaint } = runCommand([...argv, '--directory', logs])
  expect([code, complaint]).toEqual([0, ''])
  return output
}

function json(logs: string, ...argv: string[]): unknown {
  return JSON.parse(printed(logs, ...argv, '--json'))
}

function golden(name: string): string {
  return readFileSync(join(__dirname, `../support/perf/${name}.txt`), 'utf8')
}

/** Rewrites parts of the fixture's manifest. */
function change(run: string, changes: object): void {
  writeFileSync(join(run, 'run.json'), JSON.stringify({ ...readManifest(run), ...changes }))
}

describe('perf summary', () => {
  it('prints what the fixture run is known to hold', () => {
    expect(printed(fixture().logs, 'summary', '17')).toBe(golden('summary'))
  })

  it('gives the same figures as JSON', () => {
    expect(json(fixture().logs, 'summary')).toMatchObject({
      run: 17,
      state: 'clean',
      requests: 393,
      torn_lines: 2,
      dropped_lines: 2,
      routes: [
        { name: 'infer', route: 'POST /v2/models/:model/infer', status_5xx: 0 },
        {
          name: 'http',
          route: 'PUT /v1/files/:owner/*path',
          status_5xx: 3,
          bytes_in: 120 * 65_536,
          total: { count: 120, p50_us: 3274, p99_us: 4342, max_us: 4386 },
          stages: { commit: { count: 120, mean_us: 210 }, unaccounted: { p50_us: 80 } },
        },
        { route: 'GET /v1/files/:owner/*path' },
        { route: 'unmatched', total: { count: 3, p99_us: null }, status_4xx: 3 },
      ],
      calls: [{ name: 'start', max_us: 412_000 }, { name: 'model_load' }],
    })
  })

  it('says when the run is still going, crashed, or has no manifest', () => {
    const { logs, run } = fixture()
    const since = startOfProcess(process.pid)!
    change(run, { stopped_at: null, primary: { pid: process.pid, started_ticks: since } })
    expect(printed(logs, 'summary')).toContain('still going')
    change(run, { stopped_at: null, primary: { pid: process.pid, started_ticks: '1' } })
    expect(printed(logs, 'summary')).toContain('ended by a crash')
    rmSync(join(run, 'run.json'))
    expect(printed(logs, 'summary')).toContain('no run.json')
  })

  it('reads a run without lines, and lines that are no lines of ours', () => {
    const logs = directory()
    mkdirSync(join(logs, '3'))
    expect(printed(logs, 'summary')).toContain('No requests.')
    appendFileSync(join(logs, '3', '77.log'), '5\nnull\n[]\n{"t":1}\n{"t":"x","d":1,"n":"y"}\n\0\0')
    expect(json(logs, 'summary')).toMatchObject({ requests: 0, torn_lines: 6 })
  })
})

describe('perf slow', () => {
  it('prints the slowest requests with their stages and the rest', () => {
    expect(printed(fixture().logs, 'slow', '17', '-n', '3')).toBe(golden('slow'))
  })

  it('finds them among any number, of the routes that were asked for', () => {
    const found = json(fixture().logs, 'slow', '-n', '100', '--route', '/infer') as { d: number }[]
    const durations = found.map(({ d }) => d)
    expect(durations).toHaveLength(100)
    expect(durations).toEqual([...durations].sort((a, b) => b - a))
    expect(found[0]).toMatchObject({ d: 3392, process: 'engine 1', pid: 4250, unaccounted: 79 })
  })
})

describe('perf runs', () => {
  it('prints one line per run, newest first', () => {
    const { logs } = fixture()
    mkdirSync(join(logs, '18'))
    expect(printed(logs, 'runs')).toBe(golden('runs'))
    expect(json(logs, 'runs', '-n', '1')).toMatchObject([{ run: 18, state: 'unknown' }])
  })
})

describe('the perf command', () => {
  it('teaches with --help and without a command', () => {
    expect(runCommand(['--help'])).toEqual(runCommand([]))
    expect(runCommand(['--help']).output).toContain('Examples')
  })

  it('ends with 2 for what it does not understand and says what it is', () => {
    const mistakes = [['sumary'], ['summary', 'x'], ['slow', '-n', '0'], ['runs', '3'], ['--color']]
    for (const argv of [...mistakes, ['slow', '1', '2']]) {
      const { code, output, complaint } = runCommand(argv)
      expect({ argv, code, output }).toEqual({ argv, code: 2, output: '' })
      expect(complaint).toContain('--help')
    }
  })

  it('ends with 1 for a run that is not there', () => {
    const { logs } = fixture()
    const missing = runCommand(['summary', '99', '--directory', logs])
    expect(missing.code).toBe(1)
    expect(missing.complaint).toContain('no run 99')
    expect(runCommand(['slow', '--directory', directory()]).code).toBe(1)
    expect(printed(directory(), 'runs')).toContain('No runs')
  })
})

describe('percentiles', () => {
  it('are those of the nearest rank, for any numbers', () => {
    const values = fc.array(fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 40 })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 1000 }), (given, perMille) => {
        const samples = new Samples()
        given.forEach((value) => samples.add(value))
        // The smallest value with at least this share of all values at or below it, word for word.
        const reached = (limit: number) => given.filter((value) => value <= limit).length
        const enough = given.filter((value) => reached(value) * 1000 >= given.length * perMille)
        expect(samples.percentile(perMille)).toBe(Math.min(...enough))
      }),
    )
  })

  it('can be asked for between additions', () => {
    const samples = new Samples()
    for (let i = 100; i > 0; i--) {
      samples.add(i)
      samples.percentile(500)
    }
    expect([500, 900, 990, 1000].map((p) => samples.percentile(p))).toEqual([50, 90, 99, 100])
    expect(new Samples().percentile(500)).toBeUndefined()
  })
})

describe('figures', () => {
  it('have three digits and the unit that fits', () => {
    const times = [0, 7, 999, 999.6, 1234, 45_600, 999_400, 999_600, 99e6, 134e6, 7.5e9]
    expect(times.map(duration)).toEqual([
      ...['0 µs', '7 µs', '999 µs', '1.00 ms', '1.23 ms', '45.6 ms'],
      ...['999 ms', '1.00 s', '99.0 s', '2 min 14 s', '2 h 5 min'],
    ])
  })

  it('make a line as high as the highest', () => {
    expect(sparkline([0, 1, 4, 8])).toBe('·▂▅█')
  })
})
