/** What a path of the protocol asks for (Open Inference Protocol v2, Triton's routing expressions). */
export type Route =
  | { kind: 'server' | 'live' | 'ready' | 'models' }
  | { kind: 'model' | 'modelReady' | 'infer'; name: string; version: string | undefined }

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready))?$/

const fixed: Readonly<Record<string, Route>> = {
  '/v2': { kind: 'server' },
  '/v2/': { kind: 'server' },
  '/v2/health/live': { kind: 'live' },
  '/v2/health/ready': { kind: 'ready' },
  '/v2/models': { kind: 'models' },
}

/** @returns null for a path that the protocol does not know. A query is allowed and ignored. */
export function routeOf(url: string): Route | null {
  const path = url.split('?', 1)[0]!
  if (Object.hasOwn(fixed, path)) return fixed[path]!
  const match = modelPath.exec(path)
  const name = decode(match?.[1])
  if (match === null || name === undefined) return null
  const kind = match[3] === 'infer' ? 'infer' : match[3] === 'ready' ? 'modelReady' : 'model'
  return { kind, name, version: decode(match[2]) }
}

function decode(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
