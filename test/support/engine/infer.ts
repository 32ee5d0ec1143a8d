import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Reply, TestEngine } from './engine-process'

/** A tensor as tests write it: its raw bytes, little-endian. */
export interface BinaryTensor {
  name: string
  datatype: string
  shape: readonly number[]
  bytes: Uint8Array
}

export interface OutputTensor {
  name: string
  datatype: string
  shape: number[]
  data?: unknown[]
  bytes?: Buffer
}

export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}

/** BYTES elements as the binary tensor extension lays them out. */
export function stringBytes(...texts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}

export function binaryInput({ name, datatype, shape, bytes }: BinaryTensor) {
  return { name, datatype, shape, parameters: { binary_data_size: bytes.length } }
}

/** The outputs of a reply, binary ones with their bytes. */
export function outputsOf({ json, body, headers }: Reply): OutputTensor[] {
  let at = Number(headers['inference-header-content-length'] ?? body.length)
  const outputs = json['outputs'] as (OutputTensor & {
    parameters?: { binary_data_size: number }
  })[]
  return outputs.map(({ parameters, ...output }) => {
    if (parameters === undefined) return output
    const bytes = body.subarray(at, at + parameters.binary_data_size)
    at += parameters.binary_data_size
    return { ...output, bytes }
  })
}

export const errorOf = ({ json }: Reply) => json['error'] as string

/** What a request is told that could not begin in time. */
export const tooLate = (model: string, waitMs: number) =>
  `The requests before this one would keep it waiting for longer than ${waitMs} ms for model '${model}'`

/** Sends the headers only; resolves when there is an answer, or after a while with status 0 when the engine wants the body. */
export async function firstAnswer(
  engine: TestEngine,
  path: string,
  headers: Record<string, number>,
): Promise<{ status: number; headers: Record<string, unknown>; error: string }> {
  const req = request({ socketPath: engine.socketPath, method: 'POST', path, headers })
  req.flushHeaders()
  try {
    const [res] = (await once(req, 'response', { signal: AbortSignal.timeout(2000) })) as [
      IncomingMessage,
    ]
    const { error } = JSON.parse(await text(res)) as { error: string }
    return { status: res.statusCode!, headers: res.headers, error }
  } catch {
    return { status: 0, headers: {}, error: '' }
  } finally {
    req.on('error', () => undefined).destroy()
  }
}

/** Whether the engine answers `addSubModel`, under the name `simple`, as it should. */
export async function servesSimple(engine: TestEngine): Promise<boolean> {
  const tensor = { shape: [1, 16], datatype: 'INT32', data: new Array<number>(16).fill(4) }
  const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ name, ...tensor }))
  const reply = await engine.inferJson('simple', { inputs })
  return reply.status === 200 && outputsOf(reply)[0]!.data!.every((value) => value === 8)
}
