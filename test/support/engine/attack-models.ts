import {
  type Attribute,
  type Graph,
  type Initializer,
  int64s,
  type ModelOptions,
  type Node,
  onnxModel,
} from '../../../perf/bench/onnx-model'
import { messageField, textField, varint } from '../../../perf/bench/protobuf'

const floats = (name: string, values: readonly number[]): Initializer => ({
  name,
  type: 'float32',
  dims: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
})

const value = (name: string, shape: readonly (number | string)[] = ['N']) =>
  ({ name, type: 'float32', shape }) as const

/** y = x by way of some nodes, which may name anything. */
function through(
  nodes: readonly Node[],
  more: Partial<Graph> = {},
  options?: ModelOptions,
): Buffer {
  const graph = { nodes, inputs: [value('x')], outputs: [value('y')], ...more }
  return onnxModel(graph, options)
}

const identity = (from: string, to: string): Node => ({
  op: 'Identity',
  inputs: [from],
  outputs: [to],
})

/** y = x + w, w coming from an attribute of a node. */
const withConstant = (attributes: Readonly<Record<string, Attribute>>): Node[] => [
  { op: 'Constant', inputs: [], outputs: ['w'], attributes },
  { op: 'Add', inputs: ['x', 'w'], outputs: ['y'] },
]

/** Every place of a model where a tensor may stand, with one there that lies in another file. */
export function externalModels(externalFile: string): Record<string, Buffer> {
  const outside: Initializer = { name: 'w', type: 'float32', dims: [1], data: { externalFile } }
  const indices = int64s('i', [0])
  const sparse = { values: outside, indices, dims: [4] }
  const outsideIndices = { ...outside, type: 'int64' } as const
  const add: Node = { op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }
  const branch: Graph = {
    nodes: [identity('w', 'v')],
    inputs: [],
    outputs: [value('v', [1])],
    initializers: [outside],
  }
  const inner = { op: 'Inner', domain: 'own', inputs: ['x'], outputs: ['y'] }
  return {
    initializer: through([add], { initializers: [outside] }),
    sparse: through([add], { sparseInitializers: [sparse] }),
    'sparse-indices': through([add], {
      sparseInitializers: [{ ...sparse, values: floats('w', [1]), indices: outsideIndices }],
    }),
    constant: through(withConstant({ value: { tensor: outside } })),
    'sparse-constant': through(withConstant({ sparse_value: { sparse } })),
    'list-of-tensors': through(withConstant({ values: { tensors: [floats('a', [1]), outside] } })),
    branch: through([ifNode(branch)], { initializers: [always] }),
    'list-of-graphs': through(withConstant({ graphs: { graphs: [branch] } })),
    function: through(
      [inner],
      {},
      {
        domains: ['own'],
        functions: [
          {
            name: 'Inner',
            domain: 'own',
            inputs: ['x'],
            outputs: ['y'],
            nodes: withConstant({ value: { tensor: outside } }),
          },
        ],
      },
    ),
    training: through([identity('x', 'y')], {}, { training: branch }),
  }
}

const always: Initializer = { name: 'c', type: 'bool', dims: [], data: Uint8Array.of(1) }

function ifNode(branch: Graph): Node {
  const attributes = { then_branch: { graph: branch }, else_branch: { graph: branch } }
  return { op: 'If', inputs: ['c'], outputs: ['y'], attributes }
}

/** An If in an If and so on; both branches of the innermost give x. */
export function nestedIfModel(depth: number): Buffer {
  const leaf = { op: 'Identity', inputs: ['x'], outputs: ['v0'] }
  let branch: Graph = { nodes: [leaf], inputs: [], outputs: [value('v0')] }
  for (let level = 1; level < depth; level++) {
    const output = `v${level}`
    // The other branch is flat, or the file would double with each level.
    const flat: Graph = { nodes: [identity('x', output)], inputs: [], outputs: [value(output)] }
    const attributes = { then_branch: { graph: branch }, else_branch: { graph: flat } }
    const node = { op: 'If', inputs: ['c'], outputs: [output], attributes }
    branch = { nodes: [node], inputs: [], outputs: [value(output)] }
  }
  return through([ifNode(branch)], { initializers: [always] })
}

/** y of as many zeros as the constant shape says: at load where the library folds constants, else at the run. */
export function constantOfShapeModel(shape: readonly bigint[]): Buffer {
  const zeros = { op: 'ConstantOfShape', inputs: ['s'], outputs: ['z'] }
  const sum = { op: 'ReduceSum', inputs: ['z'], outputs: ['t'], attributes: { keepdims: 0 } }
  const add = { op: 'Add', inputs: ['x', 't'], outputs: ['y'] }
  return through([zeros, sum, add], { initializers: [int64s('s', shape)] })
}

/** A chain of nodes that do nothing, written without an object for each of them. */
export function longModel(nodes: number): Buffer {
  const name = (index: number) => `n${String(index).padStart(9, '0')}`
  const node = messageField(
    1,
    textField(1, name(0)),
    textField(2, name(1)),
    textField(4, 'Identity'),
  )
  const [from, to] = [node.indexOf(name(0)), node.indexOf(name(1))]
  const chain = Buffer.alloc(nodes * node.length, node)
  for (let index = 0; index < nodes; index++) {
    chain.write(name(index), index * node.length + from)
    chain.write(name(index + 1), index * node.length + to)
  }
  const ends = { inputs: [value(name(0))], outputs: [value(name(nodes))] }
  // Messages that follow one another are read as one: this is more of the graph.
  return Buffer.concat([through([], ends), messageField(7, chain)])
}

export const customOperatorModel = () =>
  through(
    [{ op: 'Anything', domain: 'com.example', inputs: ['x'], outputs: ['y'] }],
    {},
    {
      domains: ['com.example'],
    },
  )

export const unknownOpsetModel = () => through([identity('x', 'y')], {}, { opset: 999 })

export const trainingOperatorModel = () =>
  through(
    [
      {
        op: 'Adam',
        domain: 'ai.onnx.preview.training',
        inputs: ['x', 'x', 'x', 'x', 'x', 'x'],
        outputs: ['y'],
      },
    ],
    {},
    { domains: ['ai.onnx.preview.training'] },
  )

/** y is a constant of strings. */
export function stringsModel(strings: readonly string[]): Buffer {
  const constant = { name: 's', type: 'string', dims: [strings.length], data: { strings } } as const
  return through([identity('s', 'y')], {
    outputs: [{ name: 'y', type: 'string', shape: [strings.length] }],
    initializers: [constant],
  })
}

/** The field under a tag of five bytes, of which protobuf keeps the low 32 bits. */
function hiddenField(field: number, wireType: number, rest: Uint8Array): Buffer {
  return Buffer.concat([varint(2n ** 32n + BigInt(field * 8 + wireType)), rest])
}

/** y = x + w, w lying in another file, which fields say that have a bit too many in their tags. */
export function hiddenExternalModel(externalFile: string): Buffer {
  const location = Buffer.concat([textField(1, 'location'), textField(2, externalFile)])
  const data = Buffer.concat([
    hiddenField(13, 2, Buffer.concat([varint(BigInt(location.length)), location])),
    hiddenField(14, 0, Buffer.from([1])),
  ])
  const add = { op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }
  return through([add], {
    initializers: [{ name: 'w', type: 'float32', dims: [4], data: { fields: data } }],
  })
}
