import { createServer, type Server, type Socket } from 'node:net'
import { listenOnSocket } from '../../platform/listen-on-socket'
import { toWireError } from '../../domain/wire-error'
import type { Logger } from '../../platform/logger'
import type { GroupCommit } from '../group-commit'
import type { Outcome } from '../operations'
import { encodeFrame, FrameReader, type WireRequest } from './frames'

/** Serves the writer's operations on a unix socket. Whoever may open the socket may do everything. */
export class CommandServer {
  private readonly sockets = new Set<Socket>()
  private readonly server: Server
  private draining = false

  constructor(
    private readonly commits: GroupCommit,
    private readonly log: Logger,
  ) {
    this.server = createServer((socket) => this.accept(socket))
  }

  listen(socketPath: string): Promise<void> {
    return listenOnSocket(this.server, socketPath)
  }

  /** Answers the operations in hand and hangs up; later ones are not done. */
  async drain(): Promise<void> {
    this.draining = true
    this.server.close()
    await this.commits.idle()
    await Promise.all([...this.sockets].map(hangUp))
  }

  private accept(socket: Socket): void {
    const frames = new FrameReader()
    this.sockets.add(socket)
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of frames.push(chunk)) this.take(socket, message as WireRequest)
      } catch (error) {
        this.log.error({ err: error }, 'hung up on a client that does not speak the protocol')
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.sockets.delete(socket))
  }

  private take(socket: Socket, { id, name, args }: WireRequest): void {
    if (this.draining) return
    this.commits.add({ name, args }, (outcome) => {
      if (socket.writable) answer(socket, id, outcome)
    })
  }
}

function answer(socket: Socket, id: number, outcome: Outcome): void {
  // One system call for all answers of a commit.
  if (socket.writableCorked === 0) {
    socket.cork()
    process.nextTick(() => socket.uncork())
  }
  const { error, value } = outcome as { error?: unknown; value?: unknown }
  socket.write(encodeFrame(error === undefined ? { id, value } : { id, error: toWireError(error) }))
}

/** Resolves when the peer has the answers, or is gone. */
function hangUp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
    socket.end()
  })
}
