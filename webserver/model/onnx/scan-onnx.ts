import { ByteReader, MalformedError, TruncatedError } from './byte-reader'

/** The messages of onnx.proto that may hold a tensor, each with the fields that lead towards one. */
const messages = {
  Model: { 7: 'Graph', 20: 'Training', 25: 'Function' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'SparseTensor' },
  Node: { 5: 'Attribute' },
  Attribute: {
    5: 'Tensor',
    6: 'Graph',
    10: 'Tensor',
    11: 'Graph',
    22: 'SparseTensor',
    23: 'SparseTensor',
  },
  SparseTensor: { 1: 'Tensor', 2: 'Tensor' },
  Function: { 7: 'Node', 11: 'Attribute' },
  Training: { 1: 'Graph', 2: 'Graph' },
  Tensor: {},
} as const

type Message = keyof typeof messages

interface Frame {
  message: Message
  end: number
}

const depthMax = 200
const tagMax = 2 ** 32 - 1
const fieldsMax = 20_000_000
const tensorExternalData = 13
const tensorDataLocation = 14
const modelIrVersion = 1
const modelGraph = 7

/**
 * Looks through an ONNX file without loading it: whether it is one, whole, and keeps all its tensors inside.
 * @returns why the file may not be loaded, in one sentence without its path; null when it may.
 */
export function refusalOf(path: string): string | null {
  const reader = new ByteReader(path)
  try {
    return new OnnxScan(reader).run()
  } catch (error) {
    if (error instanceof TruncatedError) return 'model.onnx is truncated or is not an ONNX file'
    if (error instanceof MalformedError) return 'model.onnx is not an ONNX file'
    throw error
  } finally {
    reader.close()
  }
}

class OnnxScan {
  private readonly frames: Frame[]
  private hasVersion = false
  private hasGraph = false

  constructor(private readonly reader: ByteReader) {
    this.frames = [{ message: 'Model', end: reader.sizeBytes }]
  }

  run(): string | null {
    if (this.reader.sizeBytes === 0) return 'model.onnx is empty'
    let fields = 0
    for (;;) {
      const frame = this.leaveFinished()
      if (frame === undefined) break
      if (++fields > fieldsMax) return `model.onnx has more than ${fieldsMax} fields`
      const refusal = this.field(frame)
      if (refusal !== null) return refusal
    }
    return this.hasVersion && this.hasGraph ? null : 'model.onnx is not an ONNX file'
  }

  private leaveFinished(): Frame | undefined {
    for (;;) {
      const frame = this.frames.at(-1)
      if (frame === undefined || this.reader.position < frame.end) return frame
      if (this.reader.position > frame.end) throw new MalformedError('a field outlives its message')
      this.frames.pop()
    }
  }

  private field(frame: Frame): string | null {
    const tag = this.reader.varint()
    // Protobuf keeps the low 32 bits of a longer one: what looks like an unknown field here would be another one there.
    if (tag > tagMax) throw new MalformedError('a tag is longer than 32 bits')
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    if (number === 0) throw new MalformedError('a field has the number 0')
    if (frame.message === 'Model') this.note(number)
    if (wireType === 2) return this.lengthDelimited(frame, number)
    const value = this.scalar(wireType)
    const external = frame.message === 'Tensor' && number === tensorDataLocation && value !== 0
    return external ? externalData : null
  }

  private note(number: number): void {
    if (number === modelIrVersion) this.hasVersion = true
    if (number === modelGraph) this.hasGraph = true
  }

  private scalar(wireType: number): number {
    if (wireType === 0) return this.reader.varint()
    if (wireType === 1) this.reader.position += 8
    else if (wireType === 5) this.reader.position += 4
    else throw new MalformedError(`wire type ${wireType}`)
    return 0
  }

  private lengthDelimited({ message, end }: Frame, number: number): string | null {
    const length = this.reader.varint()
    const fieldEnd = this.reader.position + length
    if (fieldEnd > end) throw new TruncatedError('a field is longer than its message')
    if (message === 'Tensor' && number === tensorExternalData) return externalData
    const inner = (messages[message] as Readonly<Record<number, Message>>)[number]
    if (inner === undefined) this.reader.position = fieldEnd
    else if (this.frames.length >= depthMax) return `model.onnx nests deeper than ${depthMax}`
    else this.frames.push({ message: inner, end: fieldEnd })
    return null
  }
}

const externalData = 'model.onnx keeps tensors in external data, which is not served'
