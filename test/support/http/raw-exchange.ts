import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends bytes exactly as given. @returns all that came back until the service ended the connection. */
export async function rawExchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  // A connection that is reset has ended too; what came before counts.
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** The status of each answer in what came back. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

/** Sends the beginning of a request and waits for the first word back. @returns what ends the connection. */
export async function holdOpen(port: number, bytes: string): Promise<() => void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(bytes)
  await once(socket, 'data')
  return () => socket.destroy()
}
