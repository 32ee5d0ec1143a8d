import { chmod, rename } from 'node:fs/promises'
import type { Server } from 'node:http'
import { once } from 'node:events'

/**
 * Listens on a unix socket by binding a name of this process and renaming it over `path`: whoever connects from then on
 * reaches this server, and one that listened there before keeps the connections it has.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const own = `${path}.${process.pid}`
  server.listen(own)
  await once(server, 'listening')
  await chmod(own, 0o600)
  await rename(own, path)
}
