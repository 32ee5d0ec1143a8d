import { availableParallelism, totalmem } from 'node:os'
import { z } from 'zod'

export const minute = 60_000
export const day = 24 * 60 * minute
export const mebibyte = 1024 ** 2
export const gibibyte = 1024 ** 3

type Range = [min: number, max: number]

/** A whole number with its unit, bounds, default and one sentence: all that the reference page prints of it. */
export function whole(unit: string, range: Range, preset: number, sentence: string) {
  return wholeIn(range).default(preset).meta({ unit, description: sentence })
}

/** A number of processes that follows the machine unless it is stated. */
export function onePerCore(range: Range, sentence: string) {
  return wholeIn(range)
    .default(() => availableParallelism())
    .meta({ unit: 'processes', preset: 'one per core', description: sentence })
}

/** Bytes of memory, as many as the machine has, or a share of them, unless it is stated. */
export function machineMemory(bytesMin: number, sentence: string, percent = 100) {
  const preset = `${percent === 100 ? '' : `${percent} % of `}the memory of the machine`
  return wholeIn([bytesMin, Number.MAX_SAFE_INTEGER])
    .default(() => Math.max(bytesMin, Math.floor((totalmem() * percent) / 100)))
    .meta({ unit: 'bytes', preset, description: sentence })
}

/** Flags and variables are text. An empty one is no number, where `Number('')` would make it 0. */
function wholeIn([min, max]: Range) {
  return z.preprocess(
    (v) => (typeof v === 'string' && v.trim() !== '' ? Number(v) : v),
    z.number().int().min(min).max(max),
  )
}

const truth: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  '1': true,
  false: false,
  off: false,
  '0': false,
}

export function flag(preset: boolean, sentence: string) {
  return z
    .preprocess((v) => (typeof v === 'string' ? (truth[v] ?? v) : v), z.boolean())
    .default(preset)
    .meta({ unit: 'true or false', description: sentence })
}

export function choice<const T extends string>(
  of: readonly T[],
  preset: NoInfer<T>,
  sentence: string,
) {
  return z
    .enum(of)
    .default(() => preset)
    .meta({ unit: of.join(' or '), description: sentence })
}

export function text(unit: string, preset: string, sentence: string) {
  return z.string().default(preset).meta({ unit, description: sentence })
}

/** @param unit what the pattern asks for, in words. */
export function matching(pattern: RegExp, unit: string, preset: string, sentence: string) {
  return z
    .string()
    .regex(pattern, { error: `expected ${unit}` })
    .default(preset)
    .meta({ unit, description: sentence })
}

/** An absent section is one with every setting at its default. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).prefault({} as never)
}
