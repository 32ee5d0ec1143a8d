import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ProcessGroup } from './processes'

export interface Load {
  requestsPerS: number
  bytesPerS: number
  requests: number
  p50Ms: number
  p99Ms: number
  /** Answers that were not 2xx, and connections that failed. A figure with any is not to be believed. */
  failed: number
}

/** What one connection sends, over and over. */
export interface RequestScript {
  method: string
  headers: Readonly<Record<string, string>>
  bodyFile?: string
  /** Lua that replaces the constant request; sees `body`. */
  requestFunction?: string
}

interface Summary {
  requests: number
  durationUs: number
  bytes: number
  failed: number
  p50Us: number
  p99Us: number
}

const report = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'SUMMARY {"requests":%d,"durationUs":%d,"bytes":%d,"failed":%d,"p50Us":%d,"p99Us":%d}\\n',
    summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
`

/** @throws {Error} one sentence with the command that installs wrk, when it is missing. */
export function requireWrk(): void {
  if (spawnSync('wrk', ['-v']).error !== undefined)
    throw new Error('The benchmark needs wrk: sudo apt-get install wrk')
}

/** Writes the Lua script that makes wrk send these requests. @returns its path. */
export function writeScript(directory: string, name: string, script: RequestScript): string {
  const lines = [
    `wrk.method = ${quote(script.method)}`,
    ...Object.entries(script.headers).map(
      ([header, value]) => `wrk.headers[${quote(header)}] = ${quote(value)}`,
    ),
    ...(script.bodyFile === undefined
      ? []
      : [
          `local file = assert(io.open(${quote(script.bodyFile)}, 'rb'))`,
          `body = file:read('*a')`,
          'file:close()',
          'wrk.body = body',
        ]),
    script.requestFunction ?? '',
    report,
  ]
  const path = join(directory, `${name}.lua`)
  writeFileSync(path, lines.join('\n'))
  return path
}

function quote(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`
}

/** One closed loop of `clients` connections from one thread, for whole seconds. */
export async function runWrk(
  processes: ProcessGroup,
  args: { url: string; script: string; clients: number; seconds: number },
): Promise<Load> {
  const { url, script, clients, seconds } = args
  const child = processes.spawn('wrk', [
    ...['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url],
  ])
  const [output, complaints] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit'),
  ])
  const json = /^SUMMARY (.*)$/m.exec(output)?.[1]
  if (json === undefined) throw new Error(`wrk failed: ${complaints}${output}`)
  return loadOf(JSON.parse(json) as Summary)
}

function loadOf({ requests, durationUs, bytes, failed, p50Us, p99Us }: Summary): Load {
  const seconds = durationUs / 1e6
  return {
    requests,
    failed,
    requestsPerS: (requests - failed) / seconds,
    bytesPerS: bytes / seconds,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
  }
}
