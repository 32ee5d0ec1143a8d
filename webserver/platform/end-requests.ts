import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface EndRequestsLimits {
  /** How long idle connections are kept: longer than a proxy in front keeps one that it does not use. */
  graceMs: number
  /** When what is still running is cut off. */
  limitMs: number
}

/** The proxy in front lets go what it did not use for 500 ms (webserver/nginx/render.ts). */
export const idleGraceMs = 1000

const idleCheckMs = 50

/**
 * Accepts no more connections, answers what comes on those there are with `Connection: close`, and after the grace
 * closes the idle ones. `Server.close()` of node:http would close them at once, under requests that are on their way.
 * Resolves when every connection is closed.
 * @returns whether requests had to be cut off.
 */
export async function endRequests(server: Server, limits: EndRequestsLimits): Promise<boolean> {
  let cut = false
  server.prependListener('request', (_, res) => void res.setHeader('Connection', 'close'))
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve))
  const limit = setTimeout(() => {
    cut = true
    server.closeAllConnections()
  }, limits.limitMs)
  await Promise.race([closed, sleep(Math.min(limits.graceMs, limits.limitMs))])
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs)
  server.closeIdleConnections()
  await closed
  clearInterval(idle)
  clearTimeout(limit)
  return cut
}
