import { varint } from '../../../perf/bench/protobuf'
import type { Choice } from './infer-mutations'

/** A field of a protobuf message: what it holds is a message where its bytes can be read as one. */
interface Field {
  tag: number
  value: bigint | Buffer | Field[]
}

const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!

/** @returns null when the bytes are no message. */
function parse(bytes: Buffer): Field[] | null {
  const fields: Field[] = []
  let at = 0
  const readVarint = () => {
    let value = 0n
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    return null
  }
  while (at < bytes.length) {
    const tag = readVarint()
    if (tag === null || tag >> 3n === 0n || tag > 0xffff_ffffn) return null
    const field = readField(Number(tag))
    if (field === null) return null
    fields.push(field)
  }
  return fields

  function readField(tag: number): Field | null {
    const wireType = tag & 7
    const number = wireType === 0 || wireType === 2 ? readVarint() : null
    if (wireType === 0) return number === null ? null : { tag, value: number }
    const length = wireType === 2 ? number : wireType === 5 ? 4n : wireType === 1 ? 8n : null
    if (length === null || length > BigInt(bytes.length - at)) return null
    const value = bytes.subarray(at, (at += Number(length)))
    return { tag, value: wireType === 2 ? (parseInner(value) ?? value) : value }
  }
}

/** Text can often be read as a message too; what is short is more likely text. */
function parseInner(bytes: Buffer): Field[] | null {
  return bytes.length < 4 ? null : parse(bytes)
}

function write(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ tag, value }) => {
      const head = varint(BigInt(tag))
      if (typeof value === 'bigint') return [head, varint(value)]
      const bytes = Buffer.isBuffer(value) ? value : write(value)
      return (tag & 7) === 2 ? [head, varint(BigInt(bytes.length)), bytes] : [head, bytes]
    }),
  )
}

/** Every message of a tree, the outermost first. */
function messagesOf(fields: Field[]): Field[][] {
  const inner = fields.flatMap(({ value }) => (Array.isArray(value) ? messagesOf(value) : []))
  return fields.length === 0 ? inner : [fields, ...inner]
}

const numbers = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 16n, 127n, 128n, 255n, 65_536n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n],
  ...[2n ** 36n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
]

type FieldChange = (message: Field[], index: number, choice: Choice) => void

const fieldChanges: readonly FieldChange[] = [
  (message, index) => void message.splice(index, 1),
  (message, index) => void message.splice(index, 0, message[index]!),
  (message, index, { value }) => {
    const other = value % message.length
    const [a, b] = [message[index]!, message[other]!]
    message[index] = b
    message[other] = a
  },
  (message, index, { value }) => {
    message[index] = { ...message[index]!, tag: ((value % 30) + 1) * 8 + (message[index]!.tag & 7) }
  },
  (message, index, { value }) => {
    const field = message[index]!
    if (typeof field.value === 'bigint') message[index] = { ...field, value: pick(numbers, value) }
    else if (Buffer.isBuffer(field.value))
      message[index] = { ...field, value: flip(field.value, value) }
  },
  (message, index, { value }) => {
    const field = message[index]!
    if (Buffer.isBuffer(field.value) && (field.tag & 7) === 2)
      message[index] = {
        ...field,
        value: field.value.subarray(0, value % (field.value.length + 1)),
      }
  },
]

function flip(bytes: Buffer, value: number): Buffer {
  const changed = Buffer.from(bytes)
  if (changed.length > 0) changed[value % changed.length]! ^= 1 + ((value >> 8) & 127)
  return changed
}

/** The same file with a field changed somewhere, all lengths around it being right. */
function changeField(model: Buffer, choice: Choice): Buffer {
  const root = parse(model)
  if (root === null || root.length === 0) return model
  const message = pick(messagesOf(root), choice.where)
  pick(fieldChanges, choice.what >> 3)(message, choice.value % message.length, choice)
  return write(root)
}

/** Changes the file in one way of many: bytes as they stand, or fields of its messages. */
export function mutateModel(model: Buffer, choice: Choice): Buffer {
  const { what, where, value } = choice
  const at = where % (model.length + 1)
  switch (what % 8) {
    case 0:
      return flip(model, where)
    case 1:
      return model.subarray(0, at)
    case 2:
      return Buffer.concat([model.subarray(0, at), model.subarray(at + 1 + (value % 9))])
    case 3:
      return Buffer.concat([
        model.subarray(0, at),
        model.subarray(value % (at + 1), at),
        model.subarray(at),
      ])
    default:
      return changeField(model, choice)
  }
}
