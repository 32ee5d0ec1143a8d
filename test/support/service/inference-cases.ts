import { deflateSync, gzipSync } from 'node:zlib'
import { addSubModel, externalDataModel, identityModel, mlpModel } from '../../../perf/bench/models'
import { datatypeCases } from '../engine/datatype-cases'
import { binaryInput, bytesOf, type BinaryTensor } from '../engine/infer'
import { unservedCases } from './unserved-cases'

// Above nginx's own limit of a mebibyte, which must hold nowhere.

export const bodyBytesMax = 2_000_000

/** The models that the cases call: one that serves, one per datatype, and three that cannot be served. */
export const inferenceModels: Readonly<Record<string, Uint8Array>> = {
  simple: addSubModel(),
  mlp: mlpModel(),
  external: externalDataModel('weights.bin'),
  short: addSubModel().subarray(0, 40),
  text: Buffer.from('this is no model'),
  ...Object.fromEntries(
    datatypeCases.map(({ type, datatype }) => [`identity-${datatype}`, identityModel(type)]),
  ),
}

export interface InferenceCase {
  name: string
  method?: string
  path: string
  body?: Uint8Array | string
  headers?: Readonly<Record<string, string>>
  withoutToken?: boolean
  status: number
  /** What the body must say; the two ways are compared whole. */
  says?: string | RegExp
}

const ones = Array.from({ length: 16 }, () => 1)
const thousand = Array.from({ length: 16_000 }, () => 1)
const jsonInput = (name: string, data: readonly number[] = ones, shape = [1, 16]) => ({
  ...{ name, shape, datatype: 'INT32', data },
})
const binary = (name: string): BinaryTensor => ({
  ...{ name, datatype: 'INT32', shape: [1, 16], bytes: bytesOf(Int32Array.from(ones)) },
})
const large: BinaryTensor = {
  ...{ name: 'INPUT0', datatype: 'UINT8', shape: [1, 1_500_000] },
  bytes: new Uint8Array(1_500_000),
}

function json(
  name: string,
  value: unknown,
  rest: Omit<InferenceCase, 'name' | 'path'>,
): InferenceCase {
  return {
    name,
    method: 'POST',
    path: '/v2/models/simple/infer',
    body: JSON.stringify(value),
    ...rest,
  }
}

/** A request of the binary tensor extension: JSON, then the bytes of the tensors. */
function framed(value: unknown, tensors: readonly BinaryTensor[], claimed?: string) {
  const header = Buffer.from(JSON.stringify(value))
  return {
    method: 'POST',
    body: Buffer.concat([header, ...tensors.map(({ bytes }) => bytes)]),
    headers: { 'Inference-Header-Content-Length': claimed ?? String(header.length) },
  }
}

function coded(coding: 'gzip' | 'deflate', { method, body, headers }: ReturnType<typeof framed>) {
  const encode = coding === 'gzip' ? gzipSync : deflateSync
  return { method, body: encode(body), headers: { ...headers, 'Content-Encoding': coding } }
}

const both = [binary('INPUT0'), binary('INPUT1')]
const bothInputs = { inputs: both.map(binaryInput) }
const simple = '/v2/models/simple/infer'

const descriptions: InferenceCase[] = [
  { name: 'the server', path: '/v2', status: 200, says: '"extensions"' },
  { name: 'live', path: '/v2/health/live', withoutToken: true, status: 200 },
  { name: 'ready', path: '/v2/health/ready', withoutToken: true, status: 200 },
  { name: 'the models', path: '/v2/models', status: 200, says: '"simple"' },
  { name: 'a model', path: '/v2/models/simple', status: 200, says: '"shape":[-1,16]' },
  {
    name: 'a version',
    path: '/v2/models/simple/versions/1',
    status: 200,
    says: '"versions":["1"]',
  },
  { name: 'a ready model', path: '/v2/models/simple/ready', status: 200 },
  { name: 'a model and a query', path: '/v2/models/simple?x=1', status: 200, says: '"simple"' },
  { name: 'no such model', path: '/v2/models/nope', status: 404, says: "'nope' is not found" },
  { name: 'no such version', path: '/v2/models/simple/versions/9', status: 404, says: 'version 9' },
  { name: 'external data', path: '/v2/models/external/ready', status: 503, says: 'external data' },
  { name: 'a file cut short', path: '/v2/models/short/ready', status: 503, says: 'model.onnx' },
  { name: 'no ONNX', path: '/v2/models/text/ready', status: 503, says: 'model.onnx' },
  { name: 'no such path', path: '/v2/nothing', status: 404, says: '"error"' },
  {
    name: 'a wrong verb',
    method: 'DELETE',
    path: '/v2/models/simple',
    status: 405,
    says: '"error"',
  },
  { name: 'infer by GET', path: simple, status: 405, says: '"error"' },
]

const runs: InferenceCase[] = [
  json(
    'JSON',
    { id: 'é1', inputs: [jsonInput('INPUT0'), jsonInput('INPUT1')] },
    { status: 200, says: '"id":"é1"' },
  ),
  json(
    'one output',
    { inputs: [jsonInput('INPUT0'), jsonInput('INPUT1')], outputs: [{ name: 'OUTPUT1' }] },
    { status: 200, says: /^(?!.*OUTPUT0).*"OUTPUT1"/ },
  ),
  json(
    'JSON in, binary out',
    {
      inputs: [jsonInput('INPUT0'), jsonInput('INPUT1')],
      parameters: { binary_data_output: true },
    },
    { status: 200, says: '"binary_data_size":64' },
  ),
  {
    name: 'binary in, JSON out',
    path: simple,
    ...framed(bothInputs, both),
    status: 200,
    says: '"data":[2,2',
  },
  {
    name: 'both kinds in one request',
    path: simple,
    ...framed({ inputs: [jsonInput('INPUT0'), binaryInput(both[1]!)] }, [both[1]!]),
    status: 200,
    says: '"data":[2,2',
  },
  {
    name: 'a body in gzip',
    path: simple,
    ...coded('gzip', framed(bothInputs, both)),
    status: 200,
    says: '"data":[2,2',
  },
  {
    name: 'a body in deflate',
    path: simple,
    ...coded('deflate', framed(bothInputs, both)),
    status: 200,
    says: '"data":[2,2',
  },
  ...['gzip', 'deflate', 'identity'].map((coding) =>
    json(
      `an answer in ${coding}`,
      {
        inputs: [
          jsonInput('INPUT0', thousand, [1000, 16]),
          jsonInput('INPUT1', thousand, [1000, 16]),
        ],
      },
      { headers: { 'Accept-Encoding': coding }, status: 200, says: '"data":[2,2' },
    ),
  ),
  {
    name: 'the raw bytes of the only input',
    path: '/v2/models/mlp/infer',
    method: 'POST',
    body: bytesOf(new Float32Array(784)),
    headers: { 'Inference-Header-Content-Length': '0' },
    status: 200,
    says: '"binary_data_size":40',
  },
  ...datatypeCases.map(({ datatype, bytes }): InferenceCase => {
    const input = { name: 'INPUT0', datatype, shape: [1, 2], bytes }
    const request = { inputs: [binaryInput(input)], parameters: { binary_data_output: true } }
    const path = `/v2/models/identity-${datatype}/infer`
    return { name: `${datatype} by bytes`, path, ...framed(request, [input]), status: 200 }
  }),
]

const refusals: InferenceCase[] = [
  ...unservedCases,
  { name: 'no token', path: '/v2', withoutToken: true, status: 401, says: '"error"' },
  {
    name: 'a token that is none',
    path: '/v2',
    withoutToken: true,
    headers: { Authorization: 'Bearer gm_a.b' },
    status: 401,
    says: '"error"',
  },
  {
    name: 'no token for a run',
    method: 'POST',
    path: simple,
    body: '{}',
    withoutToken: true,
    status: 401,
    says: '"error"',
  },
  json(
    'a missing input',
    { inputs: [jsonInput('INPUT0')] },
    { status: 400, says: "missing required input(s) ['INPUT1']" },
  ),
  json(
    'a wrong shape',
    { inputs: [jsonInput('INPUT0', [...ones, 1], [1, 17]), jsonInput('INPUT1')] },
    { status: 400, says: 'Expected [-1,16], got [1,17]' },
  ),
  json('no JSON', 0, { body: '{"inputs": [', status: 400, says: '"error"' }),
  json('an empty body', 0, { body: '', status: 400, says: '"error"' }),
  {
    name: 'a header length beyond the body',
    path: simple,
    ...framed(bothInputs, both, '9999'),
    status: 400,
    says: 'inference header size',
  },
  {
    name: 'a header length that is none',
    path: simple,
    ...framed(bothInputs, both, 'x'),
    status: 400,
    says: 'Inference-Header-Content-Length',
  },
  {
    name: 'bytes too few',
    path: simple,
    ...framed(bothInputs, both.slice(1)),
    status: 400,
    says: "for input 'INPUT1'",
  },
  {
    name: 'bytes too many',
    path: simple,
    ...framed(bothInputs, [...both, both[0]!]),
    status: 400,
    says: 'unexpected additional input data',
  },
  {
    name: 'a body in a coding that is not known',
    path: simple,
    ...framed(bothInputs, both),
    headers: { 'Content-Encoding': 'br' },
    status: 501,
    says: 'Unsupported compression type',
  },
  {
    name: 'a body that is not in its coding',
    path: simple,
    ...framed(bothInputs, both),
    headers: { 'Content-Encoding': 'gzip' },
    status: 400,
    says: 'not valid gzip',
  },
  {
    name: 'a body that grows too large',
    path: simple,
    method: 'POST',
    body: gzipSync(Buffer.alloc(bodyBytesMax * 10)),
    headers: { 'Content-Encoding': 'gzip' },
    status: 413,
    says: 'maximum allowed input size',
  },
  {
    name: 'a body that is large',
    path: '/v2/models/identity-UINT8/infer',
    ...framed({ inputs: [binaryInput(large)], parameters: { binary_data_output: true } }, [large]),
    status: 200,
    says: '"binary_data_size":1500000',
  },
  {
    name: 'a body too large',
    path: simple,
    method: 'POST',
    body: new Uint8Array(bodyBytesMax + 1),
    status: 413,
    says: '"error"',
  },
]

/** Requests of `/v2`, whichever way they reach an engine. */
export const inferenceCases: readonly InferenceCase[] = [...descriptions, ...runs, ...refusals]
