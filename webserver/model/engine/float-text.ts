const exponentFrom = 1e21
const halfStep = 128

/** A number as C's `%f` and std::to_string write it: six decimals of the exact value, halves to even. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value < 0 || Object.is(value, -0)) return `-${floatText(-value)}`
  if (value === Infinity) return 'inf'
  if (value >= exponentFrom) return `${BigInt(value)}.000000`
  return isHalf(value) ? evenHalf(value) : value.toFixed(6)
}

/** Only odd multiples of 1/128 lie exactly between two millionths; `toFixed` would round all of those up. */
function isHalf(value: number): boolean {
  return Math.abs((value * halfStep) % 2) === 1
}

function evenHalf(value: number): string {
  const below = (BigInt(value * halfStep) * 15_625n - 1n) / 2n
  const millionths = below + (below % 2n)
  return `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`
}
