import { unlinkSync } from 'node:fs'
import type { Server } from 'node:http'

/** Serves on a unix socket and tells the parent; ends when the parent does. */
export function listenAsPeer(server: Server, socket: string): void {
  try {
    unlinkSync(socket)
  } catch {
    // There was none.
  }
  // Above nginx's idle time for kept connections, as in the service.
  server.keepAliveTimeout = 75_000
  server.listen(socket, () => process.send?.('ready'))
  process.once('disconnect', () => process.exit(0))
}

/** What the parent passed to this process. */
export function argumentOf(): unknown {
  return JSON.parse(process.argv[2] ?? 'null')
}
