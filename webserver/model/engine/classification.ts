import type { NumericArray } from './datatypes'
import type { OutputValues } from './answer-tensor'
import { floatText } from './float-text'
import { largest } from './largest'
import { limits } from './limits'
import { refuse } from './request-fields'

interface Classification {
  /** How many of a row's values. */
  classes: number
  /** Whether the first dimension is the batch; otherwise all values are one row. */
  batched: boolean
  /** Names of the values of a row, as far as there are any. */
  labels: readonly string[]
}

/**
 * The largest values of each row of an output as `value:index` or `value:index:label`, largest first (Triton's
 * classification extension).
 * @throws {AppError} `invalid` when there would be more texts than a BYTES tensor may hold.
 */
export function classify(
  { dims, values }: OutputValues,
  { classes, batched, labels }: Classification,
): OutputValues {
  const numbers = values as NumericArray
  const rows = batched ? dims[0]! : 1
  const rowLength = dims.slice(batched ? 1 : 0).reduce((product, dim) => product * dim, 1)
  const count = Math.min(classes, rowLength)
  if (rows * count > limits.strings)
    refuse(`'classification' would answer ${rows * count} strings, more than ${limits.strings}`)
  const texts: string[] = []
  const textOf = isFloat(numbers) ? floatText : String
  for (let row = 0; row < rows; row++) {
    const own = numbers.subarray(row * rowLength, (row + 1) * rowLength)
    for (const index of largest(own, count)) {
      const label = labels[index] ?? ''
      texts.push(`${textOf(own[index] as number)}:${index}${label === '' ? '' : `:${label}`}`)
    }
  }
  return { dims: batched ? [rows, count] : [count], values: texts }
}

function isFloat(values: NumericArray): boolean {
  return values instanceof Float32Array || values instanceof Float64Array
}
