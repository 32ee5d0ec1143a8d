import { z } from 'zod'
import type { SharedRegion } from '../../domain/shared-memory'
import type { SharedMemoryService } from '../../services/shared-memory-service'
import { type Access, defineRoute, type Route } from '../route'

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
  return [
    statusOfAll(memory, reading),
    statusOfOne(memory, reading),
    register(memory),
    unregisterOne(memory),
    unregisterAll(memory),
  ]
}

const listed = { 200: { description: 'By name.', schema: regions } }

function statusOfAll(memory: SharedMemoryService, access: Access): Route {
  return defineRoute(
    {
      method: 'get',
      path: `${base}/status`,
      summary: 'The registered regions of shared memory',
      access,
      errorForm: 'inference',
      responses: listed,
      errors: ['unsupported'],
    },
    async () => ({ status: 200, body: (await memory.status(null)).map(wireForm) }),
  )
}

function statusOfOne(memory: SharedMemoryService, access: Access): Route {
  return defineRoute(
    {
      method: 'get',
      path: `${base}/region/:region/status`,
      summary: 'A registered region of shared memory',
      access,
      errorForm: 'inference',
      params: regionParams,
      responses: listed,
      errors: ['not_found', 'unsupported'],
    },
    async ({ params }) => ({
      status: 200,
      body: (await memory.status(params.region)).map(wireForm),
    }),
  )
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

function unregisterOne(memory: SharedMemoryService): Route {
  return defineRoute(
    {
      method: 'post',
      path: `${base}/region/:region/unregister`,
      summary: 'Forget a region of shared memory',
      access: 'session',
      errorForm: 'inference',
      params: regionParams,
      responses: { 200: { description: 'No engine knows it any more.' } },
      errors: ['forbidden', 'unsupported'],
    },
    async ({ caller, params }) => {
      await memory.unregister(caller, params.region)
      return { status: 200 }
    },
  )
}

function unregisterAll(memory: SharedMemoryService): Route {
  return defineRoute(
    {
      method: 'post',
      path: `${base}/unregister`,
      summary: 'Forget all regions of shared memory',
      access: 'session',
      errorForm: 'inference',
      responses: { 200: { description: 'No engine knows any.' } },
      errors: ['forbidden', 'unsupported'],
    },
    async ({ caller }) => {
      await memory.unregister(caller, null)
      return { status: 200 }
    },
  )
}

function wireForm({ name, key, offsetBytes, sizeBytes }: SharedRegion) {
  return { name, key, offset: offsetBytes, byte_size: sizeBytes }
}
