import { AppError } from '../../domain/errors'

export type JsonObject = Readonly<Record<string, unknown>>

/** The text of a refused request; the protocol's clients and their tests compare it. */
export function refuse(message: string): never {
  throw new AppError('invalid', message)
}

/** A caller's name for something, cut so that an answer cannot be made large. */
export function shown(name: string): string {
  return name.length <= 200 ? name : `${name.slice(0, 200)}…`
}

export function requireObject(value: unknown, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject
  refuse(`Unable to parse '${field}': attempt to access JSON non-object as object`)
}

export function requireArray(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value === undefined) refuse(missing(field))
  refuse(`Unable to parse '${field}': attempt to access JSON non-array as array`)
}

export function requireString(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  if (value === undefined) refuse(missing(field))
  refuse(`Unable to parse '${field}': attempt to access JSON non-string as string`)
}

export function optionalBoolean(value: unknown, field: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  refuse(`Unable to parse '${field}': attempt to access JSON non-boolean as boolean`)
}

/** A whole number that is not negative. */
export function optionalCount(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  refuse(
    `Unable to parse '${field}': attempt to access JSON non-unsigned-integer as unsigned-integer`,
  )
}

export function parametersOf(entry: JsonObject): JsonObject {
  return entry['parameters'] === undefined ? {} : requireObject(entry['parameters'], 'parameters')
}

function missing(field: string): string {
  return `Unable to parse '${field}': attempt to access non-existing object member '${field}'`
}
