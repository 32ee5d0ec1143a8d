const blocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█']
const heights = '▁▂▃▄▅▆▇█'

/** Three digits and a unit: `812 µs`, `1.23 ms`, `45.6 s`; minutes from 100 s on. A dash for what is not known. */
export function duration(us: number | undefined): string {
  if (us === undefined) return '–'
  if (us < 999.5) return `${Math.round(us)} µs`
  if (us < 999_500) return `${threeDigits(us / 1000)} ms`
  if (us < 100e6) return `${threeDigits(us / 1e6)} s`
  const seconds = Math.round(us / 1e6)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [count, 0]
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000
  return `${unit === 0 ? value : threeDigits(value)} ${units[unit]!}`
}

/** Thousands apart: `12 345`. */
export function whole(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** `1 request`, `12 345 requests`. */
export function counted(count: number, thing: string): string {
  return `${whole(count)} ${thing}${count === 1 ? '' : 's'}`
}

export function perSecond(rate: number): string {
  return rate >= 99.95 ? `${whole(rate)}/s` : `${threeDigits(rate)}/s`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** `2026-11-21 09:00:00`, UTC. */
export function moment(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}

export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  return '█'.repeat(Math.floor(eighths / 8)) + blocks[eighths % 8]!
}

/** One character a value, as high as its share of the highest; a dot where there is nothing. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(...values)
  const level = (value: number) => Math.min(7, Math.floor((value / highest) * 8))
  return values.map((value) => (value > 0 ? heights[level(value)]! : '·')).join('')
}

/** Rows in columns; a column is flush left where `left` has it. */
export function table(rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) =>
    row
      .map((cell, i) => (left.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value.toFixed(value >= 9.995 ? 1 : 2)
}
