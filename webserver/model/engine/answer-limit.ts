import type { OutputValues } from './answer-tensor'
import type { Values } from './datatypes'
import type { InferPlan } from './infer-plan'
import { refuse } from './request-fields'

/**
 * A few bytes of input may ask a model for any amount of output, and writing it as text takes the engine many times as
 * long as making it.
 * @throws {AppError} `invalid` when the asked outputs have more bytes than that.
 */
export function requireSendable(
  { outputs }: InferPlan,
  results: readonly OutputValues[],
  bytesMax: number,
): void {
  const sizeBytes = outputs.reduce((sum, { spec }) => sum + bytesOf(results[spec.index]!.values), 0)
  if (sizeBytes > bytesMax)
    refuse(`the outputs have ${sizeBytes} bytes, more than the maximum of ${bytesMax} bytes`)
}

/** Strings are counted by their UTF-16 units and the length that stands before each. */
function bytesOf(values: Values): number {
  if (!Array.isArray(values)) return values.byteLength
  return values.reduce((sum, text) => sum + 4 + text.length, 0)
}
