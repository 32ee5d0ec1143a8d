import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readManifest, type Manifest } from '../../perf/manifest'
import { redactArguments, redactSettings } from '../../perf/redact'
import { Run, type RunOptions } from '../../perf/run'
import { temporaryDirectories } from '../support/perf/temporary-directory'

const directory = temporaryDirectories()
const childPath = join(__dirname, '../support/perf/child.js')

function start(root: string, options: Partial<RunOptions> = {}): Run {
  const settings = { tag: 'baseline', perfLevel: 'requests', database: 'sqlite', config: {} }
  return new Run({ directory: root, runsMax: 50, ...settings, warn: failTest, ...options })
}

function failTest(message: string): void {
  throw new Error(message)
}

function manifestOf(run: Run): Manifest {
  return readManifest(run.info.directory)!
}

function numberedIn(root: string): string[] {
  return readdirSync(root)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
}

/** Takes the place of a primary that died: nothing runs with this start time. */
function pretendCrash(run: Run): void {
  const manifest = manifestOf(run)
  manifest.primary.started_ticks = '1'
  writeFileSync(join(run.info.directory, 'run.json'), JSON.stringify(manifest))
}

describe('a run', () => {
  it('gets a number of its own when eight processes start at once', async () => {
    const root = directory()
    const children = Array.from({ length: 8 }, () => fork(childPath, ['allocate', root]))
    const ended = children.map((child) => once(child, 'exit'))
    const told = await Promise.all(children.map((child) => once(child, 'message')))
    await Promise.all(ended)
    const numbers = told.map(([number]) => number as number).sort((a, b) => a - b)
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(readFileSync(join(root, '.last'), 'utf8')).toBe('8\n')
    for (const number of numbers) {
      expect(readManifest(join(root, String(number)))).toMatchObject({ run: number })
    }
  })

  it('never gets the number of a run that was deleted', () => {
    const root = directory()
    expect([start(root), start(root)].map((run) => run.info.number)).toEqual([1, 2])
    rmSync(join(root, '2'), { recursive: true })
    expect(start(root).info.number).toBe(3)
    expect(readlinkSync(join(root, 'latest'))).toBe('3')
  })

  it('skips a directory that another start left without a manifest', () => {
    const root = directory()
    mkdirSync(join(root, '7'))
    mkdirSync(join(root, 'not-a-run'))
    expect(start(root).info.number).toBe(8)
    expect(readManifest(join(root, '7'))).toBeUndefined()
  })

  it('describes program, machine, settings, models and processes, and how it ended', () => {
    const run = start(directory(), { config: { http: { port: 1 }, mail: { password: 'hunter2' } } })
    run.setModels([{ name: 'ocr', version: '1', sha256: 'ab' }])
    run.processStarted({ role: 'worker', slot: 1, pid: 100 })
    run.processStarted({ role: 'engine', slot: 1, pid: 101 })
    run.processExited(100, null, 'SIGKILL')
    expect(manifestOf(run)).toMatchObject({
      run: 1,
      stopped_at: null,
      stop_reason: null,
      tag: 'baseline',
      database: 'sqlite',
      program: { name: 'gristmill', node: process.version },
      primary: { pid: process.pid },
      config: { http: { port: 1 }, mail: { password: '[redacted]' } },
      models: [{ name: 'ocr', version: '1' }],
      processes: [
        { role: 'worker', pid: 100, signal: 'SIGKILL' },
        { role: 'engine', pid: 101, exited_at: null },
      ],
    })
    run.finish('SIGTERM')
    expect(manifestOf(run)).toMatchObject({ stop_reason: 'SIGTERM' })
    expect(manifestOf(run).stopped_at).not.toBeNull()
    expect(readdirSync(run.info.directory)).toEqual(['run.json'])
  })

  it('is marked as crashed by the next start when it neither stopped nor runs', () => {
    const root = directory()
    const [crashed, running, stopped] = [start(root), start(root), start(root)]
    pretendCrash(crashed)
    stopped.finish('SIGINT')
    start(root)
    expect(manifestOf(crashed)).toMatchObject({ stop_reason: 'crash', stopped_at: null })
    expect(manifestOf(running)).toMatchObject({ stop_reason: null })
    expect(manifestOf(stopped)).toMatchObject({ stop_reason: 'SIGINT' })
  })

  it('deletes the oldest runs beyond the limit, never one that runs, nor what is no run', () => {
    const root = directory()
    const [running, ended, crashed] = [start(root), start(root), start(root)]
    ended.finish('SIGTERM')
    pretendCrash(crashed)
    mkdirSync(join(root, '4'))
    writeFileSync(join(root, '4', 'mine.txt'), 'not a run')
    const kept = start(root)
    kept.finish('SIGTERM')
    start(root, { runsMax: 2 })
    expect(numberedIn(root)).toEqual(['1', '4', '5', '6'])
    running.finish('SIGTERM')
  })

  it('goes on when its manifest cannot be written, and says so', () => {
    const warnings: string[] = []
    const run = start(directory(), { warn: (message) => warnings.push(message) })
    rmSync(run.info.directory, { recursive: true })
    run.processStarted({ role: 'worker', slot: 1, pid: 5 })
    expect(warnings).toEqual([expect.stringContaining('ENOENT')])
  })
})

describe('secrets', () => {
  it('are taken out of settings by their name and out of URLs, and nothing else is', () => {
    const settings = {
      inference: { requireToken: true },
      accounts: { passwordLengthMin: 8 },
      mail: { password: 'p1', user: 'me', apiKey: 'k1', tokens: [] },
      database: { url: 'postgres://me:p2@host/db', secret: '' },
      keys: [{ secret: 'p3' }],
    }
    expect(redactSettings(settings)).toEqual({
      ...settings,
      mail: { password: '[redacted]', user: 'me', apiKey: '[redacted]', tokens: [] },
      database: { url: 'postgres://[redacted]@host/db', secret: '' },
      keys: [{ secret: '[redacted]' }],
    })
  })

  it('are taken out of a command line', () => {
    const argv = [
      '--mail.password=p1',
      '--token',
      'p2',
      '--url=redis://:p3@h',
      '--http.port=1',
      'x',
    ]
    expect(redactArguments(argv)).toEqual([
      '--mail.password=[redacted]',
      '--token',
      '[redacted]',
      '--url=redis://[redacted]@h',
      '--http.port=1',
      'x',
    ])
  })
})
