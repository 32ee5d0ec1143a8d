import { AppError } from '../../domain/errors'
import { textOfBytes, textOfString } from './byte-text'
import type { Datatype, Values } from './datatypes'
import type { InputPlan } from './infer-plan'
import { limits } from './limits'
import { refuse } from './request-fields'
import type { ServedModel } from './served-model'

/** A number that `JSON.parse` cannot have kept exactly: the text must be read again by the exact parser. */
export class InexactNumberError extends AppError {}

/**
 * Values of an input from its place in the body: a view where the place is aligned, else a copy.
 * @throws {AppError} `invalid` when strings do not fill the bytes.
 */
export function binaryValues(input: InputPlan, bytes: Buffer, model: ServedModel): Values {
  const { spec, elements } = input
  const { datatype } = spec
  if (datatype.json === 'string') return binaryStrings(input, bytes, model)
  if (datatype.json === 'boolean' && bytes.some((byte) => byte > 1))
    refuse(`input '${spec.name}' has a BOOL element that is neither 0 nor 1`)
  if (bytes.byteOffset % datatype.sizeBytes === 0)
    return new datatype.Values(bytes.buffer, bytes.byteOffset, elements)
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  return new datatype.Values(copy, 0, elements)
}

function binaryStrings(input: InputPlan, bytes: Buffer, model: ServedModel): string[] {
  const { name } = input.spec
  const strings: string[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < 4)
      refuse(`incomplete string length indicator for inference input '${name}'`)
    const end = at + 4 + bytes.readUInt32LE(at)
    if (end > bytes.length) refuse(`incomplete string data for inference input '${name}'`)
    if (end - at > limits.stringBytes)
      refuse(`input '${name}' has a BYTES element of more than ${limits.stringBytes} bytes`)
    if (strings.length === input.elements) refuseCount(input, model, strings.length + 1)
    strings.push(textOfBytes(bytes.subarray(at + 4, end)))
    at = end
  }
  if (strings.length !== input.elements) refuseCount(input, model, strings.length)
  return strings
}

function refuseCount({ spec, elements }: InputPlan, model: ServedModel, count: number): never {
  refuse(
    `unexpected number of string elements ${count} for inference input '${spec.name}' for model ` +
      `'${model.name}', expecting ${elements}`,
  )
}

/**
 * Values of an input from JSON, flat or nested.
 * @throws {AppError} `invalid`; {@link InexactNumberError} for a 64-bit integer that `JSON.parse` has rounded.
 */
export function jsonValues(input: InputPlan, data: readonly unknown[]): Values {
  const { spec, elements } = input
  if (spec.datatype.json === 'string') return flatten(data, [], jsonString(spec.name), elements)
  if (countLeaves(data, 1) !== elements) refuseShape()
  const bytes = Buffer.allocUnsafeSlow(elements * spec.datatype.sizeBytes)
  const values = new spec.datatype.Values(bytes.buffer, 0, elements)
  const convert = converters[spec.datatype.json](spec.datatype)
  fill(data, values, convert, 0)
  return values
}

function refuseShape(): never {
  refuse(`Unable to parse 'data': Shape does not match true shape of 'data' field`)
}

function refuseDepth(): never {
  refuse(
    `Unable to parse 'data': JSON nesting depth exceeds maximum allowed limit (${limits.jsonDepth})`,
  )
}

function countLeaves(data: readonly unknown[], depth: number): number {
  if (depth > limits.jsonDepth) refuseDepth()
  let count = 0
  for (const item of data) count += Array.isArray(item) ? countLeaves(item, depth + 1) : 1
  return count
}

type Convert = (value: unknown) => number | bigint

function fill(
  data: readonly unknown[],
  values: Record<number, number | bigint>,
  convert: Convert,
  start: number,
): number {
  let at = start
  for (const item of data) {
    if (Array.isArray(item)) at = fill(item, values, convert, at)
    else values[at++] = convert(item)
  }
  return at
}

function flatten(
  data: readonly unknown[],
  into: string[],
  convert: (value: unknown) => string,
  elements: number,
): string[] {
  if (countLeaves(data, 1) !== elements) refuseShape()
  const visit = (items: readonly unknown[]) => {
    for (const item of items) {
      if (Array.isArray(item)) visit(item)
      else into.push(convert(item))
    }
  }
  visit(data)
  return into
}

function jsonString(name: string) {
  return (value: unknown): string => {
    if (typeof value !== 'string') refuseAccess('string')
    if (!value.isWellFormed()) refuse(`input '${name}' has a BYTES element that is not UTF-8`)
    return textOfString(value)
  }
}

const converters: Readonly<
  Record<Exclude<Datatype['json'], 'string'>, (datatype: Datatype) => Convert>
> = {
  none: () => () => refuse('this data type has no JSON form'),
  float: () => (value) => {
    if (typeof value === 'number') return value
    if (typeof value === 'bigint') return Number(value)
    refuseAccess('number')
  },
  boolean: () => (value) => {
    if (typeof value !== 'boolean') refuseAccess('boolean')
    return value ? 1 : 0
  },
  integer:
    ({ name, min, max }) =>
    (value) => {
      if (typeof value !== 'number' || !Number.isInteger(value)) refuseAccess(accessName(min))
      if (value < min || value > max) refuseRange(value, name)
      return value
    },
  bigint:
    ({ name, min }) =>
    (value) => {
      if (typeof value === 'number' && Number.isInteger(value)) {
        if (value < min) refuseRange(value, name)
        if (Number.isSafeInteger(value)) return BigInt(value)
        throw inexact(value, name)
      }
      if (typeof value !== 'bigint') refuseAccess(accessName(min))
      const kept = min === 0 ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)
      if (kept !== value) refuseRange(value, name)
      return value
    },
}

function accessName(min: number): string {
  return min === 0 ? 'unsigned-integer' : 'signed-integer'
}

function refuseAccess(kind: string): never {
  refuse(`Unable to parse 'data': attempt to access JSON non-${kind} as ${kind}`)
}

function refuseRange(value: number | bigint, datatype: string): never {
  refuse(`Unable to parse 'data': ${value.toString()} is out of the range of ${datatype}`)
}

function inexact(value: number, datatype: string): InexactNumberError {
  return new InexactNumberError(
    'invalid',
    `Unable to parse 'data': ${value} cannot be read as ${datatype} exactly`,
  )
}
