export interface ReadSample {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

export interface ReadFamily {
  name: string
  type: string
  samples: ReadSample[]
}

const headPattern = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/**
 * Reads the Prometheus text format 0.0.4 more strictly than Prometheus does: every family has its HELP and TYPE, stands
 * in one piece, says no series twice, and its histograms add up.
 * @throws {Error} at the first line that is not as it should be.
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, ReadFamily>()
  const seen = new Set<string>()
  let family: ReadFamily | undefined
  let help = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = headPattern.exec(line) ?? []
    if (keyword === 'HELP') help = name
    else if (keyword === 'TYPE') family = beginFamily(families, { name, type: rest }, help)
    else family?.samples.push(readSample(line, family, seen))
  }
  for (const each of families.values()) if (each.type === 'histogram') checkHistogram(each)
  return families
}

function beginFamily(
  families: Map<string, ReadFamily>,
  { name, type }: { name: string; type: string },
  help: string,
): ReadFamily {
  if (name !== help || families.has(name)) throw new Error(`without HELP, or twice: ${name}`)
  const family = { name, type, samples: [] }
  families.set(name, family)
  return family
}

/** The sum of a family's samples that have these labels. */
export function valueOf(
  families: Map<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const all = [...families.values()].flatMap(({ samples }) => samples)
  return all
    .filter((sample) => sample.name === name && matches(sample, labels))
    .reduce((sum, { value }) => sum + value, 0)
}

/** Everything that must never decrease, by series. */
export function countersOf(families: Map<string, ReadFamily>): Map<string, number> {
  const counters = [...families.values()].filter(({ type }) => type !== 'gauge')
  return new Map(
    counters
      .flatMap(({ samples }) => samples)
      .map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]),
  )
}

function matches(sample: ReadSample, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => sample.labels[name] === value)
}

function readSample(line: string, family: ReadFamily, seen: Set<string>): ReadSample {
  const [, name = '', labels = '', text] = samplePattern.exec(line) ?? []
  const series = name + labels
  if (baseOf(name, family) !== family.name || seen.has(series))
    throw new Error(`outside of its family, or twice: ${line}`)
  seen.add(series)
  const value = Number(text)
  if (!(value >= 0)) throw new Error(`no value: ${line}`)
  return { name, labels: readLabels(labels), value }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  labelPattern.lastIndex = 0
  let read = 0
  for (let match = labelPattern.exec(text); match !== null; match = labelPattern.exec(text)) {
    labels[match[1]!] = match[2]!
    read = labelPattern.lastIndex
  }
  if (read !== text.length) throw new Error(`no labels: ${text}`)
  return labels
}

function baseOf(name: string, { type }: ReadFamily): string {
  return type === 'histogram' ? name.replace(/_(?:bucket|sum|count)$/, '') : name
}

function checkHistogram({ name, samples }: ReadFamily): void {
  const groups = new Map<string, ReadSample[]>()
  for (const sample of samples) {
    const { le: _le, ...rest } = sample.labels
    const key = JSON.stringify(rest)
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const bounds = buckets.map(({ labels }) => Number(labels['le']!.replace('+Inf', 'Infinity')))
    if (!increases(bounds) || bounds.at(-1) !== Infinity) throw new Error(`bounds: ${name} ${key}`)
    if (!increases(buckets.map(({ value }) => value))) throw new Error(`buckets: ${name} ${key}`)
    if (count === undefined || count !== buckets.at(-1)!.value)
      throw new Error(`count: ${name} ${key}`)
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`sum: ${name}`)
  }
}

function increases(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value >= values[index - 1]!)
}
