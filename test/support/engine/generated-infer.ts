import fc from 'fast-check'
import { deflateSync, gzipSync } from 'node:zlib'
import { addSubModel, identityModel } from '../../../perf/bench/models'
import { datatypeCases } from './datatype-cases'
import { binaryInput, bytesOf } from './infer'
import { type Choice, type Draft, mutate } from './infer-mutations'
import { textOf, treeOf } from './json-tree'
import { npyByType } from './npy-files'

/** The models that generated requests are for: one for each data type, and one whose requests are joined. */
export const generatedModels: Readonly<Record<string, Uint8Array>> = {
  simple: addSubModel(),
  fixed: identityModel('uint8', [5]),
  ...Object.fromEntries(
    datatypeCases.map(({ type, datatype }) => [datatype.toLowerCase(), identityModel(type)]),
  ),
}

interface ValidRequest {
  model: string
  json: object
  blobs: readonly Buffer[]
  /** A body that is no JSON, and the header that says so. */
  file?: { body: Buffer; header: string }
}

function addSub(binary: boolean): ValidRequest {
  const bytes = bytesOf(Int32Array.from({ length: 16 }, (_, index) => index))
  const data = Array.from({ length: 16 }, (_, index) => index)
  const tensors = ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16] }))
  const inputs = tensors.map((tensor) =>
    binary ? binaryInput({ ...tensor, bytes }) : { ...tensor, data },
  )
  const outputs = [{ name: 'OUTPUT1', parameters: { binary_data: binary } }, { name: 'OUTPUT0' }]
  return {
    model: 'simple',
    json: { id: 'a', inputs, outputs },
    blobs: binary ? [bytes, bytes] : [],
  }
}

function identity({ datatype, bytes, json }: (typeof datatypeCases)[number]): ValidRequest[] {
  const tensor = { name: 'INPUT0', datatype, shape: [1, 2] }
  const parameters = { binary_data_output: true }
  const model = datatype.toLowerCase()
  const inputs = [binaryInput({ ...tensor, bytes })]
  const binary = { model, json: { inputs, parameters }, blobs: [bytes] }
  if (json === null) return [binary]
  const data = json.map((text) => JSON.parse(text) as unknown)
  return [binary, { model, json: { inputs: [{ ...tensor, data }] }, blobs: [] }]
}

function npy({ type, datatype }: (typeof datatypeCases)[number]): ValidRequest[] {
  const base64 = npyByType[type]
  if (base64 === undefined) return []
  const file = { body: Buffer.from(base64, 'base64'), header: 'Content-Type: application/x-npy' }
  return [{ model: datatype.toLowerCase(), json: {}, blobs: [], file }]
}

const validRequests: readonly ValidRequest[] = [
  addSub(true),
  addSub(false),
  ...datatypeCases.flatMap(npy),
  ...datatypeCases.flatMap(identity),
]

/** What fast-check generates of a request: which valid one it starts from, and what is done to it. */
export interface RequestChoices {
  base: number
  mutations: Choice[]
}

const number = fc.nat(0x7fff_ffff)
const choice = fc.record({ what: number, where: number, value: number })

export const requestChoices: fc.Arbitrary<RequestChoices> = fc.record({
  base: number,
  mutations: fc.array(choice, { minLength: 1, maxLength: 4 }),
})

/** The bytes of a whole HTTP request. */
export function requestBytes({ base, mutations }: RequestChoices): Buffer {
  const draft = draftOf(validRequests[base % validRequests.length]!)
  for (const mutation of mutations) mutate(draft, mutation)
  return bytesOfDraft(draft)
}

function draftOf({ model, json, blobs, file }: ValidRequest): Draft {
  return {
    method: 'POST',
    path: `/v2/models/${model}/infer`,
    root: { tree: treeOf(json) },
    json: file?.body ?? null,
    blobs: [...blobs],
    headers: file === undefined ? [] : [file.header],
    headerLength: blobs.length > 0 ? 'right' : null,
    chunked: false,
  }
}

function bytesOfDraft(draft: Draft): Buffer {
  const json = draft.json ?? Buffer.from(textOf(draft.root.tree))
  const body = encoded(draft, Buffer.concat([json, ...draft.blobs]))
  const { headerLength } = draft
  const lines = [
    `${draft.method} ${draft.path} HTTP/1.1`,
    'Host: a',
    draft.chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
    ...draft.headers,
  ]
  if (headerLength !== null) {
    const length = headerLength === 'right' ? json.length : headerLength
    lines.push(`Inference-Header-Content-Length: ${length}`)
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  return Buffer.concat([head, ...(draft.chunked ? chunksOf(body) : [body])])
}

// Inflated, sixteen times the largest body that is taken.
const bomb = Buffer.alloc(4 * 1024 * 1024)

/** Where a coding is named, the body has it more often than not: whole, cut short, or far larger than it looks. */
function encoded({ headers }: Draft, body: Buffer): Buffer {
  const encode = headers.includes('Content-Encoding: gzip') ? gzipSync : deflateSync
  if (encode === deflateSync && !headers.includes('Content-Encoding: deflate')) return body
  if (body.length % 16 === 0) return encode(bomb)
  const whole = encode(body)
  return [whole, whole, whole.subarray(0, body.length % whole.length), body][body.length % 4]!
}

function chunksOf(body: Buffer): Buffer[] {
  const half = body.length >> 1
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0)
  return [
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
    Buffer.from('0\r\n\r\n'),
  ]
}

/** A request that must be answered right whatever else is under way, and the body that it must have. */
export interface SoundRequest {
  bytes: Buffer
  answer: Buffer
}

/** A small one, whose run may be joined with those of others. */
export function soundRequest(number: number): SoundRequest {
  const first = Array.from({ length: 16 }, (_, index) => number + index)
  const tensor = { datatype: 'INT32', shape: [1, 16] }
  const body = JSON.stringify({
    id: `sound-${number}`,
    inputs: [
      { name: 'INPUT0', ...tensor, data: first },
      { name: 'INPUT1', ...tensor, data: new Array<number>(16).fill(1) },
    ],
    outputs: [{ name: 'OUTPUT0' }],
  })
  const head = `POST /v2/models/simple/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`
  const data = first.map((value) => value + 1).join(',')
  const answer =
    `{"id":"sound-${number}","model_name":"simple","model_version":"1","outputs":[{"name":"OUTPUT0",` +
    `"datatype":"INT32","shape":[1,16],"data":[${data}]}]}`
  return { bytes: Buffer.from(head + body), answer: Buffer.from(answer) }
}

const largeBytes = 100_000

/** One whose body lies in memory that the engine uses again and again. */
export function largeSoundRequest(number: number): SoundRequest {
  const tensor = Buffer.alloc(largeBytes, `${number},`)
  const input = { name: 'INPUT0', datatype: 'UINT8', shape: [1, largeBytes], bytes: tensor }
  const json = JSON.stringify({
    inputs: [binaryInput(input)],
    outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }],
  })
  const head =
    `POST /v2/models/uint8/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${json.length + largeBytes}\r\n` +
    `Inference-Header-Content-Length: ${json.length}\r\n\r\n`
  const answer =
    `{"model_name":"uint8","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"UINT8",` +
    `"shape":[1,${largeBytes}],"parameters":{"binary_data_size":${largeBytes}}}]}`
  return {
    bytes: Buffer.concat([Buffer.from(head + json), tensor]),
    answer: Buffer.concat([Buffer.from(answer), tensor]),
  }
}
