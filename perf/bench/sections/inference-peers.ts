import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeInferRequest } from '../../../webserver/demo/tensors'
import type { Bench } from '../bench'
import type { Case } from '../cases'
import { startPeerNginx } from '../peer-nginx'
import type { ExpressArgument } from '../peers/express'
import type { TransportArgument } from '../peers/transport'
import { end } from '../processes'
import type { Service } from '../service'
import { writeScript } from '../wrk'

/** A case ready to be sent, with the service's own answer for the bare server to repeat. */
export interface Prepared {
  sample: Case
  file: string
  path: string
  script: string
  bodyBytes: number
  answer: { file: string; headers: Record<string, string>; bytes: number }
}

export interface Peers {
  urls: Record<'transport' | 'alternative', string>
  stop(): Promise<void>
}

/** @throws {Error} when the service does not answer 200. */
export async function prepareCase(
  service: Service,
  directory: string,
  sample: Case,
  file: string,
): Promise<Prepared> {
  const path = `/v2/models/${sample.model}/infer`
  const { body, headerBytes } = encodeInferRequest(sample.inputs)
  const bodyFile = join(directory, `${sample.model}.request`)
  writeFileSync(bodyFile, body)
  const headers = {
    authorization: service.client.authorization,
    'inference-header-content-length': String(headerBytes),
  }
  const script = writeScript(directory, sample.model, { method: 'POST', headers, bodyFile })
  const response = await fetch(new URL(path, service.url), { method: 'POST', headers, body })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${bytes.toString()}`)
  const answer = join(directory, `${sample.model}.response`)
  writeFileSync(answer, bytes)
  return {
    ...{ sample, file, path, script, bodyBytes: body.length },
    answer: { file: answer, headers: answerHeaders(response), bytes: bytes.length },
  }
}

function answerHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    ['content-type', 'inference-header-content-length'].flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value] as const]
    }),
  )
}

/** The bare server and the Express route, `count` processes each, behind an nginx of their own. */
export async function startPeers(
  { processes }: Bench,
  args: {
    directory: string
    prepared: readonly Prepared[]
    files: Record<string, string>
    /** Processes of each peer. */
    count: number
    nginxWorkers: number
  },
): Promise<Peers> {
  const { directory, prepared, files, count, nginxWorkers } = args
  const answers = Object.fromEntries(prepared.map(({ path, answer }) => [path, answer]))
  const socketsOf = (name: string) =>
    Array.from({ length: count }, (_, slot) => join(directory, `${name}-${slot}.sock`))
  const sockets = { transport: socketsOf('transport'), alternative: socketsOf('alternative') }
  const module = (name: string) => join(__dirname, '..', 'peers', `${name}.js`)
  const children = [
    ...sockets.transport.map((socket) =>
      processes.fork(module('transport'), { socket, answers } satisfies TransportArgument),
    ),
    ...sockets.alternative.map((socket) =>
      processes.fork(module('express'), { socket, models: files } satisfies ExpressArgument),
    ),
  ]
  await Promise.all(children.map((child) => once(child, 'message')))
  const nginx = await startPeerNginx(processes, {
    directory: join(directory, 'peer-nginx'),
    upstreams: sockets,
    workerProcesses: nginxWorkers,
  })
  const stop = async () => {
    await Promise.all([nginx.stop(), ...children.map((child) => end(child))])
  }
  const { transport = '', alternative = '' } = nginx.urls
  return { urls: { transport, alternative }, stop }
}
