import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { cnnModel } from '../../perf/bench/cnn-model'
import { addSubModel, endlessModel, externalDataModel, mlpModel } from '../../perf/bench/models'
import { messageField } from '../../perf/bench/protobuf'
import { refusalOf } from '../../webserver/model/onnx/scan-onnx'

describe('the look through an ONNX file', () => {
  let directory: string

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'gristmill-onnx-'))
  })

  afterAll(() => rmSync(directory, { recursive: true }))

  function refusalOfBytes(bytes: Uint8Array): string | null {
    const path = join(directory, 'model.onnx')
    writeFileSync(path, bytes)
    return refusalOf(path)
  }

  it.each([
    ['a graph of two nodes', addSubModel()],
    ['a graph within a graph', endlessModel()],
    ['weights longer than one window', mlpModel()],
    ['many layers', cnnModel()],
  ])('lets %s pass', (_name, bytes) => {
    expect(refusalOfBytes(bytes)).toBeNull()
  })

  it('finds a file that was cut, wherever it was cut within the graph', () => {
    const bytes = addSubModel()
    const graphEnd = bytes.length - 8
    for (let length = 1; length < graphEnd; length++)
      expect(refusalOfBytes(bytes.subarray(0, length))).toMatch(/^model\.onnx is /)
  })

  it('finds external data whichever byte says so', () => {
    const text = 'model.onnx keeps tensors in external data, which is not served'
    expect(refusalOfBytes(externalDataModel('w.bin'))).toBe(text)
    expect(refusalOfBytes(externalDataModel('/dev/zero'))).toBe(text)
  })

  it('answers for any bytes, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        expect(refusalOfBytes(bytes)).toMatch(/^model\.onnx /)
      }),
    )
  })

  it('answers for a model with some bytes changed, and never throws', () => {
    const model = endlessModel()
    const change = fc.tuple(fc.nat(model.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const bytes = Uint8Array.from(model)
        for (const [at, value] of changes) bytes[at] = value
        const refusal = refusalOfBytes(bytes)
        expect(refusal === null || refusal.startsWith('model.onnx ')).toBe(true)
      }),
    )
  })

  it('does not follow graphs without end', () => {
    let graph: Buffer = Buffer.alloc(0)
    for (let depth = 0; depth < 300; depth++)
      graph = messageField(1, messageField(5, messageField(6, graph)))
    expect(refusalOfBytes(messageField(7, graph))).toBe('model.onnx nests deeper than 200')
  })
})
