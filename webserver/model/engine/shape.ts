import { limits } from './limits'
import { refuse, requireArray, shown } from './request-fields'
import type { ServedModel, TensorSpec } from './served-model'

const int64Max = '9223372036854775807'

/**
 * Reads a shape and holds it against the model's.
 * @throws {AppError} `invalid` with Triton's words.
 */
export function requireShape(value: unknown, spec: TensorSpec, model: ServedModel): number[] {
  const shape = requireArray(value, 'shape').map((dim) => {
    if (typeof dim === 'number' && Number.isInteger(dim) && dim >= 0) return dim
    refuse(
      `Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer`,
    )
  })
  if (shape.length > limits.rank)
    refuse(
      `invalid shape for input '${spec.name}': ${shape.length} dimensions, more than ${limits.rank}`,
    )
  requireCountable(shape, spec)
  if (!spec.anyShape && !fits(shape, spec.dims))
    refuse(
      `unexpected shape for input '${spec.name}' for model '${model.name}'. ` +
        `Expected ${shapeText(spec.dims)}, got ${shapeText(shape)}`,
    )
  return shape
}

/** An empty dimension does not excuse the others: [0, 2^40] is refused like [1, 2^40]. */
function requireCountable(shape: readonly number[], { name, datatype }: TensorSpec): void {
  const volume = shape.reduce((product, dim) => product * Math.max(dim, 1), 1)
  if (volume > Number.MAX_SAFE_INTEGER || shape.some((dim) => dim > limits.dimension))
    refuse(
      `invalid shape for input '${name}': shape ${shapeText(shape)} causes total element count ` +
        `to exceed maximum size of ${int64Max}`,
    )
  if (volume * datatype.sizeBytes > Number.MAX_SAFE_INTEGER)
    refuse(`byte size overflow for input '${name}': shape ${shapeText(shape)}`)
}

function fits(shape: readonly number[], dims: readonly number[]): boolean {
  return (
    shape.length === dims.length && dims.every((dim, index) => dim === -1 || dim === shape[index])
  )
}

export function elementsOf(shape: readonly number[]): number {
  let product = 1
  for (const dim of shape) product *= dim
  return product
}

export function shapeText(shape: readonly number[]): string {
  return shown(`[${shape.join(',')}]`)
}
