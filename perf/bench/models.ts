import {
  type ElementType,
  elementTypes,
  type Graph,
  int64s,
  type Node,
  onnxModel,
  weights,
} from './onnx-model'

/** The smallest useful graph: OUTPUT0 = INPUT0 + INPUT1, OUTPUT1 = INPUT0 − INPUT1, INT32 [N,16]. */
export function addSubModel(): Buffer {
  const value = (name: string) => ({ name, type: 'int32' as const, shape: ['N', 16] })
  const inputs = ['INPUT0', 'INPUT1']
  return onnxModel({
    nodes: [
      { op: 'Add', inputs, outputs: ['OUTPUT0'] },
      { op: 'Sub', inputs, outputs: ['OUTPUT1'] },
    ],
    inputs: inputs.map(value),
    outputs: ['OUTPUT0', 'OUTPUT1'].map(value),
  })
}

/** OUTPUT0 = INPUT0, of any element type and shape. */
export function identityModel(
  type: ElementType,
  shape: readonly (number | string)[] = ['N', 'M'],
): Buffer {
  return onnxModel({
    nodes: [{ op: 'Identity', inputs: ['INPUT0'], outputs: ['OUTPUT0'] }],
    inputs: [{ name: 'INPUT0', type, shape }],
    outputs: [{ name: 'OUTPUT0', type, shape }],
  })
}

/** 784 → 128 → 10 with softmax: x FP32 [N,784] → y FP32 [N,10]. */
export function mlpModel(): Buffer {
  const dense = (x: string, layer: string, y: string): Node => ({
    op: 'Gemm',
    inputs: [x, `${layer}.w`, `${layer}.b`],
    outputs: [y],
  })
  return onnxModel({
    nodes: [
      dense('x', 'first', 'h'),
      { op: 'Relu', inputs: ['h'], outputs: ['r'] },
      dense('r', 'second', 'z'),
      { op: 'Softmax', inputs: ['z'], outputs: ['y'], attributes: { axis: 1 } },
    ],
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 784] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 10] }],
    initializers: [
      weights('first.w', [784, 128], 0.05),
      weights('first.b', [128], 0.05),
      weights('second.w', [128, 10], 0.2),
      weights('second.b', [10], 0.2),
    ],
  })
}

/** y FP32 [L] of zeros, as long as x INT64 [1] says: a few bytes of input that ask for any amount of memory. */
export function zerosModel(): Buffer {
  return onnxModel({
    nodes: [{ op: 'ConstantOfShape', inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'int64', shape: [1] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['L'] }],
  })
}

/** A chain of square matrix products: x FP32 [N,width] → y. Six of 2048 are 100 MB of weights. */
export function matMulChainModel(layers = 6, width = 2048): Buffer {
  const names = Array.from({ length: layers }, (_, layer) => `w${layer}`)
  return onnxModel({
    nodes: names.map((name, layer) => ({
      op: 'MatMul',
      inputs: [layer === 0 ? 'x' : `h${layer}`, name],
      outputs: [layer === layers - 1 ? 'y' : `h${layer + 1}`],
    })),
    inputs: [{ name: 'x', type: 'float32', shape: ['N', width] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', width] }],
    initializers: names.map((name) => weights(name, [width, width], 1 / Math.sqrt(width))),
  })
}

/** y = x + 1, added `trips` times, x FP32 [N]. */
export function loopModel(trips: bigint): Buffer {
  return loopGraph(trips, { before: [], condition: 'true' })
}

/** A run of it does not end in the life of a machine when the first value of x, FP32 [N], is 0; otherwise y = x. */
export function endlessModel(): Buffer {
  return loopGraph(2n ** 62n, {
    before: [
      { op: 'Gather', inputs: ['x', 'first'], outputs: ['x.first'] },
      { op: 'Cast', inputs: ['x.first'], outputs: ['ends'], attributes: { to: elementTypes.bool } },
      { op: 'Not', inputs: ['ends'], outputs: ['goes on'] },
    ],
    condition: 'goes on',
  })
}

/** Takes seconds to minutes to load, each layer the longer the wider it is: its product of constants is computed then. */
export function slowToLoadModel(layers: number, width: number): Buffer {
  const names = Array.from({ length: layers + 1 }, (_, layer) => `h${layer}`)
  const value = (name: string) => ({ name, type: 'float32' as const, shape: ['N', width] })
  return onnxModel({
    nodes: [
      { op: 'ConstantOfShape', inputs: ['shape'], outputs: ['h0'] },
      ...names.slice(1).map((name, layer) => ({
        op: 'MatMul',
        inputs: [`h${layer}`, `h${layer}`],
        outputs: [name],
      })),
      { op: 'Add', inputs: ['x', names.at(-1)!], outputs: ['y'] },
    ],
    inputs: [value('x')],
    outputs: [value('y')],
    initializers: [int64s('shape', [width, width])],
  })
}

function loopGraph(
  trips: bigint,
  { before, condition }: { before: readonly Node[]; condition: string },
): Buffer {
  const scalar = { type: 'bool', shape: [] } as const
  const vector = { type: 'float32', shape: ['N'] } as const
  const body: Graph = {
    nodes: [
      { op: 'Identity', inputs: ['more'], outputs: ['more.next'] },
      { op: 'Add', inputs: ['sum', 'one'], outputs: ['sum.next'] },
    ],
    inputs: [
      { name: 'trip', type: 'int64', shape: [] },
      { name: 'more', ...scalar },
      { name: 'sum', ...vector },
    ],
    outputs: [
      { name: 'more.next', ...scalar },
      { name: 'sum.next', ...vector },
    ],
  }
  const one = new Uint8Array(Float32Array.of(1).buffer)
  return onnxModel({
    nodes: [
      ...before,
      {
        op: 'Loop',
        inputs: ['trips', condition, 'x'],
        outputs: ['y'],
        attributes: { body: { graph: body } },
      },
    ],
    inputs: [{ name: 'x', ...vector }],
    outputs: [{ name: 'y', ...vector }],
    initializers: [
      int64s('trips', [trips], true),
      int64s('first', [0], true),
      { name: 'true', type: 'bool', dims: [], data: Uint8Array.of(1) },
      { name: 'one', type: 'float32', dims: [1], data: one },
    ],
  })
}

/** y = x + w, w [16] being in a file beside the model. */
export function externalDataModel(externalFile: string): Buffer {
  return onnxModel({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 16] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 16] }],
    initializers: [{ name: 'w', type: 'float32', dims: [16], data: { externalFile } }],
  })
}
