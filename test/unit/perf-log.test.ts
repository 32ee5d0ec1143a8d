import fc from 'fast-check'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RunClock } from '../../perf/clock'
import { LineText } from '../../perf/line'
import { LogWriter } from '../../perf/log-writer'
import { openPerf, type OpenPerfOptions } from '../../perf/open-perf'
import type { RunInfo } from '../../perf/timing'
import { linesIn, rawLinesIn, type Line } from '../support/perf/log-lines'
import { temporaryDirectories } from '../support/perf/temporary-directory'

const directory = temporaryDirectories()
const minuteNs = 60_000_000_000n

function runIn(path: string, ageNs = 0n): RunInfo {
  const epochNs = String(process.hrtime.bigint() - ageNs)
  return { number: 17, directory: path, epochNs }
}

function open(run: RunInfo, options: Partial<OpenPerfOptions> = {}) {
  return openPerf({
    level: 'requests',
    run,
    role: 'worker',
    slot: 2,
    bytesPerProcessMax: 2 ** 20,
    gaugeIntervalMs: 60_000,
    writeDelayMs: 5,
    warn: (message) => {
      throw new Error(message)
    },
    ...options,
  })
}

function callsOf(lines: readonly Line[]): Line[] {
  return lines.filter((line) => line.k === undefined)
}

function textOf(add: (line: LineText) => void): string {
  const line = new LineText(64)
  add(line)
  return line.memory.toString('latin1', 0, line.length)
}

/** Ends when `holds` does; the test's own limit ends it otherwise. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

describe('the perf log', () => {
  it('is switched off, on again and to a sample, and leaves out what began while it was off', () => {
    const run = runIn(directory())
    const perf = open(run)
    perf.gauge('depth', () => 3)
    const finish = () => perf.begin().finish('http', { rt: 'GET /healthz', s: 200 })
    finish()
    const late = perf.begin()
    perf.switchTo({ level: 'off', run, sample: 1 })
    finish()
    late.finish('http', { rt: 'late', s: 200 })
    const startedAt = perf.now()
    perf.switchTo({ level: 'calls', run, sample: 3 })
    perf.call('load', startedAt)
    for (let count = 0; count < 6; count++) finish()
    perf.close('end')
    const lines = linesIn(run.directory)
    expect(lines.filter(({ k }) => k === 'head')).toHaveLength(2)
    expect(callsOf(lines).map(({ rt }) => rt)).toEqual(Array(3).fill('GET /healthz'))
    expect(new Set(callsOf(lines).map(({ r }) => r)).size).toBe(3)
  })

  it('begins with a head line and ends with a tail line', () => {
    const run = runIn(directory())
    const perf = open(run)
    perf.begin().finish('http', { rt: 'GET /healthz', s: 200 })
    perf.close('SIGTERM')
    const lines = linesIn(run.directory)
    const head = { k: 'head', v: 1, run: 17, pid: process.pid, role: 'worker', slot: 2 }
    expect(lines[0]).toMatchObject(head)
    expect(lines.at(-1)).toMatchObject({ k: 'tail', records: 1, dropped: 0, why: 'SIGTERM' })
  })

  it('writes one line per request with its stages as columns, leading keys t, d, n, r', () => {
    const run = runIn(directory())
    const perf = open(run)
    const timing = perf.begin('abc.1_-')
    const now = timing.now()
    timing.end('hash', now - 1500)
    timing.end('hash', now - 500)
    timing.end('fsync', now)
    timing.finish('http', { rt: 'PUT /v1/files/:owner/*path', s: 201, bi: 5e9, bo: 0, u: 'u1' })
    timing.finish('http', { rt: 'twice', s: 500 })
    perf.close('end')
    const [line, ...more] = callsOf(linesIn(run.directory))
    expect(more).toEqual([])
    expect(Object.keys(line!).slice(0, 4)).toEqual(['t', 'd', 'n', 'r'])
    const fields = { n: 'http', r: 'abc.1_-', s: 201, bi: 5e9, bo: 0, u: 'u1' }
    expect(line).toMatchObject({ ...fields, rt: 'PUT /v1/files/:owner/*path' })
    expect(line!.hash).toBeGreaterThanOrEqual(2000)
    expect(line!.fsync).toBeGreaterThanOrEqual(1)
    expect(line).not.toHaveProperty('auth')
    expect([line!.t, line!.d, line!.hash].every(Number.isInteger)).toBe(true)
  })

  it('writes a line for each stage as well at level calls', () => {
    const run = runIn(directory())
    const perf = open(run, { level: 'calls', role: 'engine' })
    const timing = perf.begin('r1')
    timing.end('queue', timing.now())
    timing.end('infer', timing.now())
    timing.finish('infer', { rt: 'POST /v2/models/:model/infer', s: 200, m: 'ocr', b: 4, q: 3 })
    perf.close('end')
    const lines = callsOf(linesIn(run.directory))
    expect(lines.map(({ n, r, p }) => [n, r, p])).toEqual([
      ['queue', 'r1', 'infer'],
      ['infer', 'r1', 'infer'],
      ['infer', 'r1', undefined],
    ])
    expect(lines[2]).toMatchObject({ m: 'ocr', b: 4, q: 3 })
  })

  it('times calls that belong to no request', () => {
    const run = runIn(directory())
    const perf = open(run)
    perf.call('model_load', perf.now() - 5000, { m: 'a "model"', bytes: 12, n: 3 })
    perf.close('end')
    const [line] = callsOf(linesIn(run.directory))
    expect(line).toMatchObject({ n: 'model_load', m: 'a "model"', bytes: 12, n_: 3 })
    expect(line!.d).toBeGreaterThanOrEqual(5000)
  })

  it('writes gauges at their interval, and leaves out one that throws', async () => {
    const run = runIn(directory())
    const perf = open(run, { gaugeIntervalMs: 1 })
    perf.gauge('in_flight', () => 7)
    perf.gauge('broken', () => {
      throw new Error('no')
    })
    await until(() => rawLinesIn(run.directory).some((line) => line.includes('gauge')))
    perf.close('end')
    const gauge = linesIn(run.directory).find((line) => line.k === 'gauge')
    expect(gauge).toMatchObject({ in_flight: 7, drop: 0 })
    expect(Object.keys(gauge!)).toEqual(expect.arrayContaining(['elu', 'lag', 'cpu', 'rss']))
    expect(gauge).not.toHaveProperty('broken')
  })

  it('keeps time beyond 2^31 µs', () => {
    const run = runIn(directory(), 40n * minuteNs)
    const perf = open(run)
    const timing = perf.begin()
    const from = perf.now()
    timing.end('upstream', from - 2400e6)
    timing.finish('http', { rt: 'GET /x', s: 200 })
    perf.close('end')
    const [line] = callsOf(linesIn(run.directory))
    expect(line!.t).toBeGreaterThanOrEqual(2401e6)
    expect(Number(line!.t)).toBeLessThanOrEqual(from)
    expect(line!.upstream).toBeGreaterThanOrEqual(2400e6)
  })

  it('writes every time as the whole µs that it is in, without a leading zero', () => {
    const timeOf = (us: number) => textOf((line) => line.addTime(us))
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (us) => {
        expect(timeOf(us)).toBe(String(Math.floor(us)))
      }),
    )
    expect([timeOf(NaN), timeOf(-5), timeOf(1_000_000)]).toEqual(['0', '0', '1000000'])
  })

  it('writes every number as JSON does', () => {
    const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())
    fc.assert(
      fc.property(numbers, (value) => {
        expect(textOf((line) => line.addNumber(value))).toBe(String(value === 0 ? 0 : value))
      }),
    )
    for (const value of [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31])
      expect(textOf((line) => line.addNumber(value))).toBe(String(value))
    expect(textOf((line) => line.addNumber(NaN))).toBe('0')
  })

  it('writes lines that parse whatever ids, names and numbers it is given', () => {
    const unicode = fc.string({ unit: 'binary', maxLength: 300 })
    const surrogates = fc.string({
      unit: fc.constantFrom('\ud800', '"', '\\', '\n', '\u2028', '\0'),
    })
    const text = fc.oneof(unicode, surrogates)
    const number = fc.double()
    const run = runIn(directory())
    const perf = open(run, { level: 'calls' })
    let written = 0
    fc.assert(
      fc.property(text, text, text, number, (id, name, value, size) => {
        const timing = perf.begin(id)
        expect(timing.requestId).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
        timing.end('auth', timing.now())
        timing.finish('http', { rt: name, s: size, e: value, m: name, bi: size, u: value })
        perf.call(name, size, { [value]: value, x: size })
        // A call of which the start is not known began while the log was off.
        written += size === 0 ? 2 : 3
      }),
    )
    perf.close('end')
    expect(callsOf(linesIn(run.directory))).toHaveLength(written)
    expect(rawLinesIn(run.directory).join('')).toMatch(/^[ -~]*$/)
  })

  it('keeps an id from outside when it is harmless and makes its own otherwise', () => {
    const run = runIn(directory())
    const perf = open(run)
    expect(perf.begin('4bf92f35-77b3.x_1').requestId).toBe('4bf92f35-77b3.x_1')
    const own = [perf.begin('a b'), perf.begin(''), perf.begin('x'.repeat(65)), perf.begin()]
    const ids = own.map((timing) => timing.requestId)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]+-[0-9a-z]+$/)
    perf.close('end')
  })

  it('stays within its size, counts what it drops, and says so in its tail', () => {
    const run = runIn(directory())
    const perf = open(run, { bytesPerProcessMax: 64 * 1024 })
    for (let i = 0; i < 2000; i++) perf.begin().finish('http', { rt: 'GET /v1/files', s: 200 })
    perf.close('end')
    const lines = linesIn(run.directory)
    const kept = callsOf(lines).length
    expect(kept).toBeGreaterThan(500)
    expect(lines.at(-1)).toMatchObject({ k: 'tail', records: kept, dropped: 2000 - kept })
    const size = statSync(join(run.directory, `${process.pid}.log`)).size
    expect(size).toBeLessThanOrEqual(64 * 1024)
  })

  it('counts lines as dropped while its file cannot be opened, warns once, and comes back', async () => {
    const path = join(directory(), 'not-yet')
    const warnings: string[] = []
    const clock = new RunClock(String(process.hrtime.bigint()))
    const writer = new LogWriter({
      path: join(path, '1.log'),
      head: '{"k":"head"}\n',
      clock,
      bytesMax: 2 ** 20,
      delayMs: 0,
      retryDelayMs: 1,
      warn: (message) => warnings.push(message),
    })
    const addCall = (line: string) => {
      writer.text.add(line)
      writer.addCall(clock.now())
    }
    addCall('{"lost":1}\n')
    await until(() => {
      if (writer.dropped > 3) mkdirSync(path, { recursive: true })
      addCall('{"again":1}\n')
      return writer.bytes > 0
    })
    writer.close(() => '')
    expect(linesIn(path)[0]).toEqual({ k: 'head' })
    expect(warnings).toEqual([expect.stringContaining('ENOENT')])
  })

  it('leaves no file, no timer and no listener behind when it is off', () => {
    const path = directory()
    const listeners = process.listenerCount('exit')
    const perf = open(runIn(path), { level: 'off' })
    const timing = perf.begin('given')
    timing.end('auth', timing.now())
    timing.finish('http', { rt: 'GET /', s: 200 })
    perf.call('start', perf.now())
    perf.close('end')
    expect([timing.now(), perf.now(), timing.requestId]).toEqual([0, 0, 'given'])
    expect(readdirSync(path)).toEqual([])
    expect(process.listenerCount('exit')).toBe(listeners)
    expect(open(runIn(path), { run: null }).level).toBe('off')
  })
})
