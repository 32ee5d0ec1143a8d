import { expose, expositionType } from '../../metrics/exposition'
import type { MonitoringService } from '../../services/monitoring-service'
import { defineRoute, type Route } from '../route'

/** @param requireToken whether only an admin's session reads the metrics. */
export function metricsRoute(monitoring: MonitoringService, requireToken: boolean): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/metrics',
      summary: 'What all processes have counted, for Prometheus',
      access: requireToken ? 'session' : 'public',
      errors: requireToken ? ['forbidden'] : [],
      responses: {
        200: { description: 'Prometheus text format 0.0.4.', contentType: 'text/plain' },
      },
    },
    async ({ caller, res }) => {
      const text = expose(await monitoring.metrics(caller))
      res.setHeader('Content-Type', expositionType)
      res.setHeader('Content-Length', Buffer.byteLength(text))
      res.end(text)
      return undefined
    },
  )
}
