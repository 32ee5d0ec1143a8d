/** One line of a chart. */
export interface Series {
  name: string
  /** In the order in which they are joined; NaN leaves a gap. */
  points: readonly (readonly [number, number])[]
}

export interface Axis {
  label: string
  scale: 'linear' | 'log'
  /** What to mark on it; chosen by the values when absent. */
  ticks?: readonly { at: number; text: string }[]
}

export interface Chart {
  title: string
  x: Axis
  y: Axis
  series: readonly Series[]
}

const size = { width: 760, height: 380 }
const area = { left: 70, top: 40, right: 170, bottom: 50 }
// Distinct in print and for the colour-blind (Okabe and Ito).
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const tickCount = 6

/** A chart of lines as an SVG document. @throws {RangeError} when no series has a point that can be drawn. */
export function lineChart({ title, x, y, series }: Chart): string {
  const points = series.flatMap((one) => one.points.filter((point) => isDrawable(point, x, y)))
  if (points.length === 0) throw new RangeError(`nothing to draw in "${title}"`)
  const across = projection(
    x,
    points.map(([value]) => value),
    [area.left, size.width - area.right],
  )
  const up = projection(
    y,
    points.map(([, value]) => value),
    [size.height - area.bottom, area.top],
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${size.height}" fill="#ffffff"/>`,
    text(size.width / 2, 22, title, 'text-anchor="middle" font-size="15"'),
    ...verticalLines(x, across),
    ...horizontalLines(y, up),
    ...series.flatMap((one, index) => drawSeries(one, index, { x, y, across, up })),
    '</svg>\n',
  ].join('\n')
}

interface Projection {
  (value: number): number
  ticks: readonly { at: number; text: string }[]
}

function isDrawable([x, y]: readonly [number, number], xAxis: Axis, yAxis: Axis): boolean {
  const fits = (value: number, { scale }: Axis) =>
    Number.isFinite(value) && (scale === 'linear' || value > 0)
  return fits(x, xAxis) && fits(y, yAxis)
}

/** Maps the values of an axis, or what its ticks span if that is more, to pixels. A linear axis starts at 0. */
function projection(
  { scale, ticks }: Axis,
  values: readonly number[],
  [from, to]: readonly [number, number],
): Projection {
  const all = [...values, ...(ticks ?? []).map(({ at }) => at)]
  const highest = all.reduce((most, value) => Math.max(most, value))
  const lowest = all.reduce((least, value) => Math.min(least, value))
  const marks =
    ticks ?? (scale === 'log' ? powersOfTen(lowest, highest) : linearTicks(Math.max(highest, 1e-9)))
  const ends = [lowest, highest, ...marks.map(({ at }) => at)]
  const transform = scale === 'log' ? Math.log10 : (value: number) => value
  const low = transform(Math.min(...ends))
  const high = Math.max(transform(Math.max(...ends)), low + 1e-9)
  const project = (value: number) => from + ((transform(value) - low) / (high - low)) * (to - from)
  return Object.assign(project, { ticks: marks })
}

function powersOfTen(lowest: number, highest: number): { at: number; text: string }[] {
  const first = Math.floor(Math.log10(lowest))
  const count = Math.max(1, Math.ceil(Math.log10(highest)) - first)
  return Array.from({ length: count + 1 }, (_, index) => mark(10 ** (first + index)))
}

/** Multiples of 1, 2 or 5 times a power of ten, from 0. */
function linearTicks(highest: number): { at: number; text: string }[] {
  const rough = highest / (tickCount - 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => mark(index * step))
}

function mark(value: number): { at: number; text: string } {
  return { at: value, text: String(Number(value.toPrecision(6))) }
}

function verticalLines({ label }: Axis, across: Projection): string[] {
  const bottom = size.height - area.bottom
  return [
    ...across.ticks.flatMap((tick) => [
      line([across(tick.at), area.top], [across(tick.at), bottom]),
      text(across(tick.at), bottom + 18, tick.text, 'text-anchor="middle"'),
    ]),
    text(
      (area.left + size.width - area.right) / 2,
      size.height - 10,
      label,
      'text-anchor="middle"',
    ),
  ]
}

function horizontalLines({ label }: Axis, up: Projection): string[] {
  const middle = (area.top + size.height - area.bottom) / 2
  return [
    ...up.ticks.flatMap((tick) => [
      line([area.left, up(tick.at)], [size.width - area.right, up(tick.at)]),
      text(area.left - 8, up(tick.at) + 4, tick.text, 'text-anchor="end"'),
    ]),
    text(18, middle, label, `text-anchor="middle" transform="rotate(-90 18 ${middle})"`),
  ]
}

function drawSeries(
  { name, points }: Series,
  index: number,
  { x, y, across, up }: { x: Axis; y: Axis; across: Projection; up: Projection },
): string[] {
  const colour = colours[index % colours.length]!
  let pen = 'M'
  const path = points.map((point) => {
    const command = isDrawable(point, x, y)
      ? `${pen}${across(point[0]).toFixed(1)} ${up(point[1]).toFixed(1)}`
      : ''
    pen = command === '' ? 'M' : 'L'
    return command
  })
  const dots = points.filter((point) => isDrawable(point, x, y))
  const legendY = area.top + 10 + 20 * index
  const legendX = size.width - area.right + 15
  return [
    `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...dots.map(
      ([atX, atY]) =>
        `<circle cx="${across(atX).toFixed(1)}" cy="${up(atY).toFixed(1)}" r="2.5" fill="${colour}"/>`,
    ),
    `<rect x="${legendX}" y="${legendY - 6}" width="14" height="4" fill="${colour}"/>`,
    text(legendX + 20, legendY, name, ''),
  ]
}

function line(from: readonly [number, number], to: readonly [number, number]): string {
  const [x1, y1, x2, y2] = [...from, ...to].map((value) => value.toFixed(1))
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#dddddd"/>`
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`
}
