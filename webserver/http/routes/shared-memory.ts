import { z } from 'zod'
import type { Caller } from '../../domain/account'
import type { SharedRegion } from '../../domain/shared-memory'
import type { SharedMemoryService } from '../../services/shared-memory-service'
import { type Access, defineRoute, type Route, type RouteStatement } from '../route'

const base = '/v2/systemsharedmemory'
const regionParams = z.strictObject({ region: z.string() })
const bytes = (field: string) =>
  z
    .number({ error: `Unable to parse '${field}': expected a number of bytes` })
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
const registration = z.looseObject({
  key: z.string({ error: "Shared memory register request has no 'key' field" }).max(201),
  offset: bytes('offset').default(0),
  byte_size: bytes('byte_size').min(1),
})
const regions = z.array(
  z.strictObject({
    name: z.string(),
    key: z.string(),
    offset: z.number().int(),
    byte_size: z.number().int(),
  }),
)

/** The system shared memory extension but for the requests that use it. */
export function sharedMemoryRoutes(
  memory: SharedMemoryService,
  { requireToken }: { requireToken: boolean },
): Route[] {
  const reading: Access = requireToken ? 'session' : 'public'
  return [...statuses(memory, reading), register(memory), ...unregister(memory)]
}

function statuses(memory: SharedMemoryService, access: Access): Route[] {
  const common = {
    method: 'get',
    access,
    errorForm: 'inference',
    responses: { 200: { description: 'By name.', schema: regions } },
  } as const satisfies Partial<RouteStatement>
  const ofAll = {
    ...common,
    path: `${base}/status`,
    summary: 'The registered regions of shared memory',
    errors: ['unsupported'],
  } as const
  const ofOne = {
    ...common,
    path: `${base}/region/:region/status`,
    summary: 'A registered region of shared memory',
    params: regionParams,
    errors: ['not_found', 'unsupported'],
  } as const
  const status = async (name: string | null) => ({
    status: 200,
    body: (await memory.status(name)).map(wireForm),
  })
  return [
    defineRoute(ofAll, () => status(null)),
    defineRoute(ofOne, ({ params }) => status(params.region)),
  ]
}

function register(memory: SharedMemoryService): Route {
  return defineRoute(
    {
      method: 'post',
      path: `${base}/region/:region/register`,
      summary: 'Let requests name a region of shared memory',
      access: 'session',
      errorForm: 'inference',
      params: regionParams,
      body: registration,
      responses: { 200: { description: 'Every engine knows it.' } },
      errors: ['forbidden', 'unsupported'],
    },
    async ({ caller, params, body }) => {
      const { key, offset: offsetBytes, byte_size: sizeBytes } = body
      await memory.register(caller, { name: params.region, key, offsetBytes, sizeBytes })
      return { status: 200 }
    },
  )
}

function unregister(memory: SharedMemoryService): Route[] {
  const common = {
    method: 'post',
    access: 'session',
    errorForm: 'inference',
    errors: ['forbidden', 'unsupported'],
  } as const satisfies Partial<RouteStatement>
  const one = {
    ...common,
    path: `${base}/region/:region/unregister`,
    summary: 'Forget a region of shared memory',
    params: regionParams,
    responses: { 200: { description: 'No engine knows it any more.' } },
  }
  const all = {
    ...common,
    path: `${base}/unregister`,
    summary: 'Forget all regions of shared memory',
    responses: { 200: { description: 'No engine knows any.' } },
  }
  const forget = async (caller: Caller, name: string | null) => {
    await memory.unregister(caller, name)
    return { status: 200 }
  }
  return [
    defineRoute(one, ({ caller, params }) => forget(caller, params.region)),
    defineRoute(all, ({ caller }) => forget(caller, null)),
  ]
}

function wireForm({ name, key, offsetBytes, sizeBytes }: SharedRegion) {
  return { name, key, offset: offsetBytes, byte_size: sizeBytes }
}
