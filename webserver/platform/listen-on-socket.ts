import { once } from 'node:events'
import { chmod, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:net'

/**
 * Listens on a unix socket by binding a name of this process and renaming it over `path`: whoever connects from then on
 * reaches this server, and one that listened there before keeps the connections it has. Only the service's own user may
 * connect.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const own = `${path}.${process.pid}`
  await rm(own, { force: true })
  // In a worker of node:cluster, the primary would listen in its place otherwise.
  server.listen({ path: own, exclusive: true })
  await once(server, 'listening')
  await chmod(own, 0o600)
  await rename(own, path)
}
