import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Config } from '../config/schema'
import { StartError } from './start-error'

/**
 * Tries the address before anything is started on it, and picks the port where the setting leaves it open: neither nginx
 * nor several workers could say which one they were given.
 * @returns the port.
 * @throws {StartError} when it cannot be listened on.
 */
export async function claimPort({ host, port }: Config['http']): Promise<number> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    throw new StartError(whyNot(host, port, (error as NodeJS.ErrnoException).code), {
      cause: error,
    })
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
}

export function urlOf({ host, port }: Config['http']): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function whyNot(host: string, port: number, code = 'unknown error'): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${host} is in use: stop what listens there, or choose another with --port.`
  if (code === 'EACCES') return `Port ${port} of ${host} is not open to this user (EACCES).`
  return `The address ${host} cannot be listened on (${code}).`
}
