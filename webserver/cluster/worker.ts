import { once } from 'node:events'
import type { Server } from 'node:http'
import { openApp } from '../app'
import type { RoleContext, Running } from '../config/process-setup'
import { endRequests, idleGraceMs } from '../platform/end-requests'
import { listenOnSocket } from '../platform/listen-on-socket'

/** An API worker: behind nginx on a unix socket of its own, without nginx on the address that all workers share. */
export async function startWorker(context: RoleContext): Promise<Running> {
  const { http, cluster } = context.setup.config
  const app = await openApp(context)
  const { server } = app
  let serviceStops = false
  if (context.setup.status !== undefined) app.setStatus(context.setup.status)
  if (http.nginx) await listenOnSocket(server, context.paths.socket(`worker-${context.setup.slot}`))
  else await listenOnPort(server, http.host, http.port)
  return {
    onStatus(status) {
      serviceStops = status.draining
      app.setStatus(status)
    },
    async drain() {
      const graceMs = serviceStops ? 0 : idleGraceMs
      // While this worker still listens, so that no other one gets what follows before what it follows is committed.
      await app.settle()
      const cut = await endRequests(server, { graceMs, limitMs: cluster.drainTimeoutMs })
      await app.close()
      if (cut) throw new Error('requests were cut off: they did not end in time')
    },
  }
}

async function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port })
  await once(server, 'listening')
}
