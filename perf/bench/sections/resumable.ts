import { createHash, randomBytes } from 'node:crypto'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { median, medianRatio, percent, table } from '../statistics'

const mebibyte = 1024 ** 2
const pieceBytes = 8 * mebibyte

interface Way {
  name: string
  send(service: Service, path: string, content: Buffer): Promise<void>
  durationsMs: number[]
}

/** One large file by a plain PUT and by the ways of resuming, one after another, round by round. */
export async function resumable(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const content = randomBytes((bench.quick ? 64 : 256) * mebibyte)
  bench.say('resumable: starting the service')
  const service = await startService(bench.processes, directoryFor(bench, 'resumable'), [
    '--no-models-samples',
  ])
  const ways: Way[] = [
    { name: 'PUT', send: putWhole, durationsMs: [] },
    { name: 'one PATCH', send: resumed(Infinity), durationsMs: [] },
    { name: 'PATCHes of 8 MiB', send: resumed(pieceBytes), durationsMs: [] },
  ]
  try {
    for (let round = 1; round <= bench.rounds; round++)
      for (const [index, way] of ways.entries()) {
        // Bytes that are there already would not be stored again.
        content.writeUInt32BE(round * ways.length + index)
        const startedAtMs = performance.now()
        await way.send(service, `bench/large-${index}`, content)
        way.durationsMs.push(performance.now() - startedAtMs)
        await requireStored(service, `bench/large-${index}`, content)
        bench.say(`resumable: ${way.name} ${way.durationsMs.at(-1)!.toFixed(0)} ms`)
      }
    return describe(ways, content.length, foreign.share())
  } finally {
    await service.stop()
  }
}

async function putWhole(service: Service, path: string, content: Buffer): Promise<void> {
  await ask(service, 'PUT', filePath(service.account, path), { body: content })
}

function resumed(bytesMax: number): Way['send'] {
  return async (service, path, content) => {
    const location = await beginUpload(service, path, content.length)
    for (let offset = 0; offset < content.length; offset += bytesMax)
      await ask(service, 'PATCH', location, {
        headers: pieceHeaders(offset),
        body: content.subarray(offset, offset + bytesMax),
      })
  }
}

const tus = { 'Tus-Resumable': '1.0.0' }

/** @returns where the upload goes on. */
export async function beginUpload(
  service: Service,
  path: string,
  sizeBytes: number,
): Promise<string> {
  const { headers } = await ask(service, 'POST', '/v1/uploads', {
    headers: {
      'Upload-Length': String(sizeBytes),
      'Upload-Metadata': `path ${Buffer.from(path).toString('base64')}`,
    },
  })
  return headers.get('location')!
}

export function pieceHeaders(offsetBytes: number): Record<string, string> {
  const type = 'application/offset+octet-stream'
  return { ...tus, 'Content-Type': type, 'Upload-Offset': String(offsetBytes) }
}

async function ask(
  service: Service,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: Buffer },
): Promise<Response> {
  const { authorization } = service.client
  const answer = await fetch(new URL(path, service.url), {
    method,
    headers: { authorization, ...tus, ...headers },
    ...(body === undefined
      ? {}
      : { body: new Uint8Array(body.buffer, body.byteOffset, body.length) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return answer
}

async function requireStored(service: Service, path: string, content: Buffer): Promise<void> {
  const { headers } = await ask(service, 'HEAD', filePath(service.account, path), {})
  const digest = createHash('sha256').update(content).digest('base64')
  if (headers.get('repr-digest') !== `sha-256=:${digest}:`)
    throw new Error(`${path} is not what was sent`)
}

function describe(ways: readonly Way[], sizeBytes: number, foreignShare: number): string {
  const put = ways[0]!.durationsMs
  const rows = ways.map(({ name, durationsMs }) => [
    name,
    (sizeBytes / 1e3 / median(durationsMs)).toFixed(0),
    medianRatio(put, durationsMs).toFixed(2),
  ])
  return `## Uploads that can be resumed

${conditions()}. Foreign ${percent(foreignShare)}.

A file of ${sizeBytes / mebibyte} MiB from one client through nginx, by PUT and by tus. What is resumed keeps the state of its SHA-256,
which OpenSSL cannot: WebAssembly hashes it. It is made durable every 32 MiB, or with every PATCH; PUT once, at its end.

${table(['way', 'MB/s', '**to PUT**'], rows)}
`
}
