import { Server as NetServer } from 'node:net'
import type { Server } from 'node:http'
import { chmod, rename, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApp } from '../app'
import type { RoleContext, Running } from '../config/process-setup'

// nginx.conf lets idle connections to a worker go after 2 s: by then it uses none of a replaced worker's.
const idleGraceMs = 2500
const idleCheckMs = 50

/** An API worker: behind nginx on a unix socket of its own, without nginx on the address that all workers share. */
export async function startWorker(context: RoleContext): Promise<Running> {
  const { http, cluster } = context.setup.config
  const app = await openApp(context)
  const { server } = app
  let serviceStops = false
  if (http.nginx) await listenOnSocket(server, context.paths.socket(`worker-${context.setup.slot}`))
  else await listenOnPort(server, http.host, http.port)
  return {
    onStatus(status) {
      serviceStops = status.draining
      app.setStatus(status)
    },
    async drain() {
      const cut = await endRequests(server, serviceStops ? 0 : idleGraceMs, cluster.drainTimeoutMs)
      await app.close()
      if (cut) throw new Error('requests were cut off: they did not end in time')
    },
  }
}

/** Takes the name over from the worker before it, without an instant in which the name is not there. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  const draft = `${path}.${process.pid}`
  await rm(draft, { force: true })
  server.listen({ path: draft, exclusive: true })
  await once(server, 'listening')
  await chmod(draft, 0o600)
  await rename(draft, path)
}

async function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port })
  await once(server, 'listening')
}

/**
 * Accepts no more connections, answers the requests of those there are with `Connection: close`, and closes those that
 * stay idle past the grace. `Server.close()` of node:http would reset idle connections at once, under requests that
 * are on their way.
 * @returns whether requests had to be cut off at the limit.
 */
async function endRequests(server: Server, graceMs: number, limitMs: number): Promise<boolean> {
  let cut = false
  server.prependListener('request', (_, res) => void res.setHeader('Connection', 'close'))
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve))
  const limit = setTimeout(() => {
    cut = true
    server.closeAllConnections()
  }, limitMs)
  await Promise.race([closed, sleep(Math.min(graceMs, limitMs))])
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs)
  server.closeIdleConnections()
  await closed
  clearInterval(idle)
  clearTimeout(limit)
  return cut
}
