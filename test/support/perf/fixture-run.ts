import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const epoch = Date.UTC(2026, 10, 21, 9)
const startOfLineUs = 1_000_000

/** Writes run 17 under `<logs>/17`, with `latest` beside it: the same bytes every time, torn last line included. */
export function writeFixtureRun(logs: string): string {
  const run = join(logs, '17')
  mkdirSync(run, { recursive: true })
  symlinkSync('17', join(logs, 'latest'))
  writeFileSync(join(run, 'run.json'), JSON.stringify(manifest(), null, 2))
  writeFileSync(join(run, '4240.log'), head(4240, 'primary', 0) + primaryLines() + tail(0))
  writeFileSync(join(run, '4242.log'), head(4242, 'worker', 1) + workerLines() + tail(2))
  writeFileSync(join(run, '4250.log'), head(4250, 'engine', 1) + engineLines() + '{"t":1100')
  writeFileSync(join(run, 'nginx.log'), nginxLines())
  return run
}

function manifest() {
  return {
    format: 1,
    run: 17,
    started_at: new Date(epoch).toISOString(),
    stopped_at: new Date(epoch + 10_500).toISOString(),
    stop_reason: 'SIGTERM',
    epoch: { wall_us: epoch * 1000, hrtime_ns: '1000000000' },
    primary: { pid: 4240, started_ticks: '1' },
    tag: 'baseline',
    program: { name: 'gristmill', version: '0.1.0', git_sha: null, node: 'v20.20.2', v8: '11.3' },
    machine: { platform: 'linux x64', kernel: '6.1', cpu_model: 'EPYC', cores: 2, memory_bytes: 1 },
    argv: [],
    database: 'sqlite',
    perf_level: 'requests',
    config: {},
    config_sha256: '',
    models: [],
    processes: [],
    processes_omitted: 0,
  }
}

function head(pid: number, role: string, slot: number): string {
  const wall = new Date(epoch).toISOString()
  return line({ k: 'head', v: 1, run: 17, pid, role, slot, wall, unit: 'us', t: startOfLineUs })
}

function tail(dropped: number): string {
  return line({ k: 'tail', t: 11_500_000, records: 1, dropped, bytes: 1, why: 'SIGTERM' })
}

function primaryLines(): string {
  return (
    line({ t: startOfLineUs, d: 412_000, n: 'start' }) +
    line({ t: 1_100_000, d: 230_000, n: 'model_load', m: 'ocr' })
  )
}

function workerLines(): string {
  let text = ''
  for (let i = 0; i < 120; i++) text += upload(i) + download(i)
  for (let i = 0; i < 3; i++) {
    const at = startOfLineUs + 2_000_000 * (i + 1)
    text += line({
      t: at,
      d: 90 + i,
      n: 'http',
      r: `u-${i}`,
      rt: 'unmatched',
      s: 404,
      e: 'not_found',
    })
  }
  const gauge = { elu: 0.31, lag: 4.5, cpu: 0.4, rss: 118, in_flight: 3 }
  return (
    text + line({ k: 'gauge', t: 9_000_000, drop: 2, flush: 90, ...gauge }) + '{"t":9000001,"d"\n'
  )
}

function upload(i: number): string {
  const [hash, fsync] = [400 + ((i * 37) % 300), 1500 + ((i * 91) % 2000)]
  const d = hash + fsync + 350
  const s = i % 40 === 7 ? 503 : 201
  const e = s === 503 ? { e: 'unavailable' } : {}
  const size = { bi: 65_536, bo: 180 }
  const stages = { auth: 60, hash, fsync, commit: 210 }
  const t = startOfLineUs + 20_000 + i * 80_000
  const request = { n: 'http', r: `p-${i.toString(36)}`, rt: 'PUT /v1/files/:owner/*path', s, ...e }
  return (
    line({ t: t + 70, d: hash, n: 'hash', r: request.r, p: 'http' }) +
    line({ t, d, ...request, ...size, ...stages })
  )
}

function download(i: number): string {
  const d = 180 + ((i * 53) % 240) + (i === 60 ? 50_000 : 0)
  const t = startOfLineUs + 60_000 + i * 80_000
  const rt = 'GET /v1/files/:owner/*path'
  return line({
    t,
    d,
    n: 'http',
    r: `g-${i.toString(36)}`,
    rt,
    s: 200,
    bo: 65_536,
    auth: 55,
    database: 40,
  })
}

function engineLines(): string {
  let text = ''
  for (let i = 0; i < 150; i++) {
    const [queue, infer] = [(i * 17) % 900, 2000 + ((i * 29) % 400)]
    const stages = { batch_wait: queue + 1, parse: 120, infer }
    const t = startOfLineUs + 500_000 + i * 60_000
    const fields = { rt: 'POST /v2/models/:model/infer', s: 200, m: 'ocr', b: 1 + (i % 4) }
    text += line({
      t,
      d: queue + infer + 200,
      n: 'infer',
      r: `i-${i.toString(36)}`,
      ...fields,
      ...stages,
    })
  }
  return text
}

/** What nginx measured of the uploads; its last line is still in its buffer. */
function nginxLines(): string {
  let text = ''
  for (let i = 0; i < 119; i++) {
    const ts = String((epoch + 25 + i * 80) / 1000)
    const seconds = { rt_s: '0.005', connect_s: '0.000', header_s: '0.004', upstream_s: '0.004' }
    const route = { m: 'PUT', rt: 'files', s: i % 40 === 7 ? 503 : 201 }
    text += line({ ts, r: `p-${i.toString(36)}`, ...route, ...seconds, bi: 65_900, bo: 500 })
  }
  return text
}

function line(fields: object): string {
  return JSON.stringify(fields) + '\n'
}
