import { bytesField, messageField, numberField, textField } from './protobuf'

/** Element types by the numbers of onnx.proto's TensorProto.DataType. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const

export type ElementType = keyof typeof elementTypes
type Dimension = number | string

export interface ValueInfo {
  name: string
  type: ElementType
  shape: readonly Dimension[]
}

export type Attribute =
  number | bigint | readonly number[] | string | { graph: Graph } | Float | TensorAttribute

export type TensorAttribute =
  | { tensor: Initializer }
  | { tensors: readonly Initializer[] }
  | { graphs: readonly Graph[] }
  | { sparse: SparseTensor }

/** A floating point attribute, which a plain number (an integer attribute) cannot express. */
export interface Float {
  float: number
}

export interface Node {
  op: string
  inputs: readonly string[]
  outputs: readonly string[]
  attributes?: Readonly<Record<string, Attribute>>
  /** Of the operator's set; the standard one unless given. */
  domain?: string
}

export interface Initializer {
  name: string
  type: ElementType
  dims: readonly number[]
  /** Little-endian values; or strings; or the file beside the model that holds them; or fields that say it themselves. */
  data:
    Uint8Array | { strings: readonly string[] } | { externalFile: string } | { fields: Uint8Array }
}

export interface SparseTensor {
  values: Initializer
  indices: Initializer
  dims: readonly number[]
}

/** A node's operator that the model itself defines. */
export interface ModelFunction {
  name: string
  domain: string
  inputs: readonly string[]
  outputs: readonly string[]
  nodes: readonly Node[]
}

export interface ModelOptions {
  opset?: number
  /** Sets of operators beside the standard one, each of version 1. */
  domains?: readonly string[]
  functions?: readonly ModelFunction[]
  /** What training begins with, of which inference needs nothing. */
  training?: Graph
}

export interface Graph {
  nodes: readonly Node[]
  inputs: readonly ValueInfo[]
  outputs: readonly ValueInfo[]
  initializers?: readonly Initializer[]
  sparseInitializers?: readonly SparseTensor[]
}

const irVersion = 8
const standardOpset = 17

/** An ONNX file (onnx.proto, ModelProto) of one graph. Nothing is checked: broken graphs are wanted too. */
export function onnxModel(graph: Graph, options: ModelOptions = {}): Buffer {
  const { opset = standardOpset, domains = [], functions = [], training } = options
  return Buffer.concat([
    numberField(1, irVersion),
    textField(2, 'gristmill'),
    messageField(7, graphBytes(graph)),
    messageField(8, textField(1, ''), numberField(2, opset)),
    ...domains.map((domain) => messageField(8, textField(1, domain), numberField(2, 1))),
    ...(training === undefined ? [] : [messageField(20, messageField(1, graphBytes(training)))]),
    ...functions.map((item) => messageField(25, functionBytes(item))),
  ])
}

function functionBytes({ name, domain, inputs, outputs, nodes }: ModelFunction): Buffer {
  return Buffer.concat([
    textField(1, name),
    ...inputs.map((input) => textField(4, input)),
    ...outputs.map((output) => textField(5, output)),
    ...nodes.map((node) => messageField(7, nodeBytes(node))),
    messageField(9, textField(1, ''), numberField(2, standardOpset)),
    textField(10, domain),
  ])
}

function graphBytes(graph: Graph): Buffer {
  const { nodes, inputs, outputs, initializers = [], sparseInitializers = [] } = graph
  return Buffer.concat([
    ...nodes.map((node) => messageField(1, nodeBytes(node))),
    textField(2, 'graph'),
    ...initializers.map((tensor) => messageField(5, tensorBytes(tensor))),
    ...inputs.map((value) => messageField(11, valueBytes(value))),
    ...outputs.map((value) => messageField(12, valueBytes(value))),
    ...sparseInitializers.map((tensor) => messageField(15, sparseBytes(tensor))),
  ])
}

function sparseBytes({ values, indices, dims }: SparseTensor): Buffer {
  return Buffer.concat([
    messageField(1, tensorBytes(values)),
    messageField(2, tensorBytes(indices)),
    ...dims.map((dim) => numberField(3, dim)),
  ])
}

function nodeBytes({ op, inputs, outputs, attributes = {}, domain = '' }: Node): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      messageField(5, textField(1, name), attributeBytes(value)),
    ),
    ...(domain === '' ? [] : [textField(7, domain)]),
  ])
}

function attributeBytes(value: Attribute): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint')
    return Buffer.concat([numberField(3, value), numberField(20, 2)])
  if (typeof value === 'string') return Buffer.concat([textField(4, value), numberField(20, 3)])
  if ('graph' in value)
    return Buffer.concat([messageField(6, graphBytes(value.graph)), numberField(20, 5)])
  if ('tensor' in value)
    return Buffer.concat([messageField(5, tensorBytes(value.tensor)), numberField(20, 4)])
  if ('sparse' in value)
    return Buffer.concat([messageField(22, sparseBytes(value.sparse)), numberField(20, 11)])
  if ('tensors' in value) {
    const fields = value.tensors.map((tensor) => messageField(10, tensorBytes(tensor)))
    return Buffer.concat([...fields, numberField(20, 9)])
  }
  if ('graphs' in value) {
    const fields = value.graphs.map((graph) => messageField(11, graphBytes(graph)))
    return Buffer.concat([...fields, numberField(20, 10)])
  }
  if ('float' in value) {
    const bytes = Buffer.from(Float32Array.of(value.float).buffer)
    return Buffer.concat([Buffer.from([(2 << 3) | 5]), bytes, numberField(20, 1)])
  }
  return Buffer.concat([...value.map((item) => numberField(8, item)), numberField(20, 7)])
}

function tensorBytes({ name, type, dims, data }: Initializer): Buffer {
  const head = [
    ...dims.map((dim) => numberField(1, dim)),
    numberField(2, elementTypes[type]),
    textField(8, name),
  ]
  if (data instanceof Uint8Array) return Buffer.concat([...head, bytesField(9, data)])
  if ('fields' in data) return Buffer.concat([...head, data.fields])
  if ('strings' in data)
    return Buffer.concat([...head, ...data.strings.map((text) => textField(6, text))])
  const location = messageField(13, textField(1, 'location'), textField(2, data.externalFile))
  return Buffer.concat([...head, location, numberField(14, 1)])
}

function valueBytes({ name, type, shape }: ValueInfo): Buffer {
  const dimensions = shape.map((dim) =>
    messageField(1, typeof dim === 'number' ? numberField(1, dim) : textField(2, dim)),
  )
  const tensor = messageField(1, numberField(1, elementTypes[type]), messageField(2, ...dimensions))
  return Buffer.concat([textField(1, name), messageField(2, tensor)])
}

/** A constant of 64-bit integers or of one boolean, as graphs need them for shapes and conditions. */
export function int64s(name: string, values: readonly (number | bigint)[], scalar = false) {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return { name, type: 'int64', dims: scalar ? [] : [values.length], data } satisfies Initializer
}

/** Weights in −scale…scale, the same on every machine for the same seed. */
export function weights(name: string, dims: readonly number[], scale: number): Initializer {
  const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1))
  let state = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7)
  for (let index = 0; index < values.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    values[index] = (state / 2 ** 31 - 1) * scale
  }
  return { name, type: 'float32', dims, data: new Uint8Array(values.buffer) }
}
