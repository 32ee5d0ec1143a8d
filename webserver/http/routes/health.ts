import { z } from 'zod'
import type { ServiceStatus } from '../../config/process-setup'
import { isAppError } from '../../domain/errors'
import { defineRoute, type Route } from '../route'

export interface HealthSources {
  /** @throws {AppError} `unavailable` with the reason. */
  pingDatabase(): Promise<void>
  /** The primary's last word; null before the first one. */
  status(): ServiceStatus | null
}

const alive = z.strictObject({ status: z.literal('ok') })
const notReady = z.strictObject({ what: z.string(), reason: z.string() })
const readiness = z.strictObject({ ready: z.boolean(), notReady: z.array(notReady) })

type NotReady = z.infer<typeof notReady>

export function healthRoutes(sources: HealthSources): Route[] {
  const healthz = defineRoute(
    {
      method: 'get',
      path: '/healthz',
      summary: 'Whether this process answers',
      access: 'public',
      responses: { 200: { description: 'It does.', schema: alive } },
    },
    () => ({ status: 200, body: { status: 'ok' } }),
  )
  const readyz = defineRoute(
    {
      method: 'get',
      path: '/readyz',
      summary: 'Whether the whole service is ready, and what is not',
      access: 'public',
      responses: {
        200: { description: 'Everything is ready.', schema: readiness },
        503: { description: 'Something is not ready.', schema: readiness },
      },
    },
    async () => {
      const missing = [...processesNotReady(sources.status()), ...(await databaseNotReady(sources))]
      const body = { ready: missing.length === 0, notReady: missing }
      return { status: body.ready ? 200 : 503, body }
    },
  )
  return [healthz, readyz]
}

function processesNotReady(status: ServiceStatus | null): NotReady[] {
  if (status === null) return [{ what: 'service', reason: 'starting' }]
  const waiting = status.processes
    .filter(({ ready }) => !ready)
    .map(({ role, slot, reason }) => ({ what: `${role} ${slot}`, reason: reason ?? 'starting' }))
  return status.draining ? [{ what: 'service', reason: 'draining' }, ...waiting] : waiting
}

async function databaseNotReady({ pingDatabase }: HealthSources): Promise<NotReady[]> {
  try {
    await pingDatabase()
    return []
  } catch (error) {
    if (!isAppError(error)) throw error
    return [{ what: 'database', reason: error.message }]
  }
}
