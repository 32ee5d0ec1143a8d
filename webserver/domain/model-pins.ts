/** Models that only some engines have, by name, with the numbers of those engines. */
export type ModelPins = Readonly<Record<string, readonly number[]>>

/**
 * Where requests find every model while engines change from one set of pins to another: with those that have it before and
 * after.
 */
export function pinsBetween(before: ModelPins, after: ModelPins): ModelPins {
  const both = Object.entries({ ...before, ...after }).map(([name, engines]) => {
    const common = engines.filter((engine) => pinned(before, name)?.includes(engine) ?? true)
    return [name, common.length === 0 ? engines : common] as const
  })
  return Object.fromEntries(both)
}

const modelPath = /^\/v2\/models\/([^/?]+)/

/** @returns the engines that may take a request for the target (a path, perhaps with a query); null when all may. */
export function enginesFor(path: string, pins: ModelPins): readonly number[] | null {
  const name = modelPath.exec(path)?.[1]
  if (name === undefined) return null
  return pinned(pins, decoded(name))
}

function pinned(pins: ModelPins, name: string): readonly number[] | null {
  return Object.hasOwn(pins, name) ? pins[name]! : null
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
