/** What a path of the protocol asks for (Open Inference Protocol v2, Triton's routing expressions). */
export type Route =
  | { kind: 'server' | 'live' | 'ready' | 'models' }
  | { kind: 'model' | 'modelReady' | 'infer'; name: string; version: string | undefined }
  | { kind: 'unserved'; extension: string; methods: readonly string[] }

const read = ['GET', 'HEAD']

/** The verbs of each kind of path; others are answered 405. */
export function methodsOf(route: Route): readonly string[] {
  if (route.kind === 'unserved') return route.methods
  return route.kind === 'infer' ? ['POST'] : read
}

const modelPath =
  /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready|generate|generate_stream))?$/

const fixed: Readonly<Record<string, Route>> = {
  '/v2': { kind: 'server' },
  '/v2/': { kind: 'server' },
  '/v2/health/live': { kind: 'live' },
  '/v2/health/ready': { kind: 'ready' },
  '/v2/models': { kind: 'models' },
}

const kinds = { infer: 'infer', ready: 'modelReady' } as const

/** @returns null for a path that the protocol does not know. A query is allowed. */
export function routeOf(url: string): Route | null {
  const path = url.split('?', 1)[0]!
  if (Object.hasOwn(fixed, path)) return fixed[path]!
  const match = modelPath.exec(path)
  if (match === null) return cudaRouteOf(path)
  const name = decode(match[1]!)
  const version = match[2] === undefined ? undefined : decode(match[2])
  const action = match[3]
  if (name === null || version === null) return null
  if (action === 'generate' || action === 'generate_stream')
    return { kind: 'unserved', extension: 'generate', methods: ['POST'] }
  const kind = action === undefined ? 'model' : kinds[action as keyof typeof kinds]
  return { kind, name, version }
}

const cudaPath = /^\/v2\/cudasharedmemory(?:\/region\/[^/]+)?\/(status|register|unregister)$/

function cudaRouteOf(path: string): Route | null {
  const verb = cudaPath.exec(path)?.[1]
  if (verb === undefined) return null
  const methods = verb === 'status' ? read : ['POST']
  return { kind: 'unserved', extension: 'cuda_shared_memory', methods }
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
