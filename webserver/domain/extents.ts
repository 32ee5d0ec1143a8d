import type { Extent } from './content'

/** The extents that bytes `startByte`..`endByte`, the end exclusive, of a content lie in. */
export function sliceOf(extents: readonly Extent[], startByte: number, endByte: number): Extent[] {
  let offset = 0
  return extents.flatMap((extent) => {
    const skippedBytes = Math.max(0, startByte - offset)
    const lengthBytes = Math.min(extent.lengthBytes, endByte - offset) - skippedBytes
    offset += extent.lengthBytes
    if (lengthBytes <= 0) return []
    return [{ ...extent, startByte: extent.startByte + skippedBytes, lengthBytes }]
  })
}

/** What comes of a content when `written` takes the place of its bytes from `startByte` on, or is added at its end. */
export function overwritten(
  extents: readonly Extent[],
  written: Extent,
  startByte: number,
): Extent[] {
  return joined([
    ...sliceOf(extents, 0, startByte),
    written,
    ...sliceOf(extents, startByte + written.lengthBytes, Infinity),
  ])
}

/** The same bytes without empty extents and without cuts in the middle of a run of one blob. */
export function joined(extents: readonly Extent[]): Extent[] {
  const result: Extent[] = []
  for (const extent of extents) {
    const last = result.at(-1)
    if (extent.lengthBytes === 0) continue
    if (last !== undefined && continues(last, extent))
      result[result.length - 1] = { ...last, lengthBytes: last.lengthBytes + extent.lengthBytes }
    else result.push(extent)
  }
  return result
}

function continues(before: Extent, after: Extent): boolean {
  return before.sha256 === after.sha256 && before.startByte + before.lengthBytes === after.startByte
}

export function lengthOf(extents: readonly Extent[]): number {
  return extents.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
}

/** A run of extents by their places: `from` inclusive, `to` exclusive. */
export interface ExtentRun {
  from: number
  to: number
}

/**
 * Which neighbours to write anew as one blob when there are more than `countMax` extents; null when there are not. Of all
 * runs that leave few enough, the one that writes the fewest bytes for the square of how many extents it spares: of a file
 * that grows by small pieces these are pieces, and what pieces were made into, seldom the bulk of it. So a byte is written
 * anew a handful of times while the file grows a hundredthousandfold, where a run of a fixed length would drag a growing
 * blob along each time.
 */
export function runToMerge(extents: readonly Extent[], countMax: number): ExtentRun | null {
  const sparedMin = extents.length - countMax
  if (sparedMin <= 0) return null
  let best = { from: 0, to: extents.length, cost: Infinity }
  for (let from = 0; from + sparedMin < extents.length; from++) {
    let bytes = 0
    for (let to = from + 1; to <= extents.length; to++) {
      bytes += extents[to - 1]!.lengthBytes
      const spared = to - from - 1
      const cost = bytes / spared ** 2
      if (spared >= sparedMin && cost <= best.cost) best = { from, to, cost }
    }
  }
  return { from: best.from, to: best.to }
}
