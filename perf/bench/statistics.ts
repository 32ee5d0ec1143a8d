/** @throws {RangeError} on no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The median of the ratios of each round, which a drift from round to round does not touch. */
export function medianRatio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((value, round) => value / to[round]!))
}

/** The smallest value that at least `share` (0–1) of the values do not exceed. @throws {RangeError} on no values. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

/** Three significant digits and a unit where it helps: `0.123`, `45.6`, `1230`, `26.7k`, `1.26M`. */
export function short(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toPrecision(3)}M`
  if (value >= 10_000) return `${(value / 1000).toPrecision(3)}k`
  if (value >= 100) return String(Math.round(value))
  return value.toPrecision(3)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
