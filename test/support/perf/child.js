// A process that writes a perf log with the compiled program, as told by its arguments.
const { join } = require('node:path')
const { setImmediate, setTimeout } = require('node:timers')
const compiled = join(__dirname, '../../../dist/perf')
const { openPerf } = require(join(compiled, 'open-perf.js'))
const { Run } = require(join(compiled, 'run.js'))

const [, , task, argument] = process.argv
const warn = (message) => process.stderr.write(message + '\n')

function perfOf(run, writeDelayMs = 0) {
  const limits = { bytesPerProcessMax: 2 ** 30, gaugeIntervalMs: 60_000, writeDelayMs }
  return openPerf({ level: 'requests', run, role: 'worker', slot: 1, ...limits, warn })
}

function request(perf, number) {
  const timing = perf.begin(`n-${number}`)
  timing.end('auth', timing.now())
  timing.finish('http', { rt: 'GET /v1/files', s: 200 })
}

const tasks = {
  /** Makes a run and tells its number. */
  allocate(directory) {
    const settings = { tag: '', perfLevel: 'requests', database: 'debug', config: {} }
    const run = new Run({ directory, runsMax: 100, ...settings, warn })
    process.send(run.info.number)
  },
  /** Writes for ever, and tells one turn later how far it came. */
  acknowledge(run) {
    const perf = perfOf(JSON.parse(run))
    let number = 0
    const turn = () => {
      for (let i = 0; i < 20; i++) request(perf, ++number)
      const written = number
      setImmediate(() => process.send(written, () => setImmediate(turn)))
    }
    turn()
  },
  /** Writes for ever, and tells how far it came at the end of the turn in which a line's wait ends. */
  acknowledgeLater(run) {
    const writeDelayMs = 2
    const perf = perfOf(JSON.parse(run), writeDelayMs)
    let number = 0
    const turn = () => {
      for (let i = 0; i < 20; i++) request(perf, ++number)
      const written = number
      // Begun after the log's own timer and as long, so that it ends after it.
      setTimeout(() => setImmediate(() => process.send(written)), writeDelayMs)
      setImmediate(turn)
    }
    turn()
  },
  /** Writes more than its file may hold, then lives on. */
  overflow(run) {
    const perf = perfOf(JSON.parse(run))
    let number = 0
    const turn = () => {
      for (let i = 0; i < 50; i++) request(perf, ++number)
      if (number < 5000) setImmediate(turn)
      else process.stdout.write('still here')
    }
    turn()
  },
  /** Writes 10 lines and ends within the same turn. */
  end(run) {
    const perf = perfOf(JSON.parse(run))
    for (let i = 1; i <= 10; i++) request(perf, i)
    throw new Error('the process ends here')
  },
}

tasks[task](argument)
