import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { memoryOf, peakOf, restartPeakOf } from '../process-table'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { table } from '../statistics'
import { beginUpload, pieceHeaders } from './resumable'

const gibibyte = 1024 ** 3
const block = randomBytes(1024 ** 2)
const roles = ['worker', 'writer', 'nginx'] as const

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
}

interface Measured {
  way: string
  seconds: number
  /** MiB by role: of the largest process, before and at most. */
  before: number[]
  most: number[]
}

/** What a very large upload takes of memory, by PUT and by tus. */
export async function largeUpload(bench: Bench): Promise<string> {
  const sizeBytes = (bench.quick ? 1 : 10) * gibibyte
  bench.say('large-upload: starting the service')
  const service = await startService(bench.processes, directoryFor(bench, 'large-upload'), [
    ...['--no-models-samples', '--accounts-quota-bytes', String(4 * sizeBytes)],
  ])
  try {
    const measured: Measured[] = []
    for (const [way, begin] of Object.entries({ PUT: plain, 'one PATCH': resumed })) {
      const to = await begin(service, sizeBytes)
      measured.push(await measure(service, { way, to, sizeBytes }))
      bench.say(`large-upload: ${way} took ${measured.at(-1)!.seconds.toFixed(0)} s`)
    }
    return describe(measured, sizeBytes)
  } finally {
    await service.stop()
  }
}

function plain({ account }: Service): Promise<Sent> {
  return Promise.resolve({ method: 'PUT', path: filePath(account, 'bench/plain'), headers: {} })
}

async function resumed(service: Service, sizeBytes: number): Promise<Sent> {
  const path = await beginUpload(service, 'bench/resumed', sizeBytes)
  return { method: 'PATCH', path, headers: pieceHeaders(0) }
}

async function measure(
  service: Service,
  { way, to, sizeBytes }: { way: string; to: Sent; sizeBytes: number },
): Promise<Measured> {
  const ofLargest = (figure: (pid: number) => number) =>
    roles.map((wanted) => {
      const processes = service.processes().filter(({ role }) => role === wanted)
      return Math.max(...processes.map(({ pid }) => figure(pid)))
    })
  const before = ofLargest((pid) => memoryOf(pid).rssMib)
  for (const { pid } of service.processes()) restartPeakOf(pid)
  const startedAtMs = performance.now()
  await send(service, to, sizeBytes)
  const seconds = (performance.now() - startedAtMs) / 1000
  return { way, seconds, before, most: ofLargest(peakOf) }
}

async function send(service: Service, to: Sent, sizeBytes: number): Promise<void> {
  const { method, path, headers } = to
  const outgoing = request(new URL(path, service.url), {
    method,
    headers: {
      ...headers,
      authorization: service.client.authorization,
      'Content-Length': String(sizeBytes),
    },
  })
  const answered = once(outgoing, 'response')
  await pipeline(Readable.from(blocks(sizeBytes)), outgoing)
  const [{ statusCode }] = (await answered) as [{ statusCode: number }]
  if (statusCode !== 201 && statusCode !== 204) throw new Error(`${method} ${path}: ${statusCode}`)
}

function* blocks(sizeBytes: number): Generator<Buffer> {
  for (let sentBytes = 0; sentBytes < sizeBytes; sentBytes += block.length) yield block
}

function describe(measured: readonly Measured[], sizeBytes: number): string {
  const rows = measured.map(({ way, seconds, before, most }) => [
    way,
    (sizeBytes / 1e6 / seconds).toFixed(0),
    ...roles.map((_, which) => `${before[which]!.toFixed(0)} → ${most[which]!.toFixed(0)}`),
  ])
  return `## Memory of a large upload

${conditions()}.

One body of ${sizeBytes / gibibyte} GiB through nginx. By role, in MiB: what the largest process of it held before, and the most that one
held meanwhile.

${table(['way', 'MB/s', ...roles], rows)}
`
}
