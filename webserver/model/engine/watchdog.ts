import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import {
  activities,
  cells as cell,
  type ConnectionState,
  connectionStates,
  descriptorsMax,
  sharedClockMs,
  type WatchdogData,
} from './watchdog-cells'

const heartbeatFd = 3

type WatchdogOptions = Omit<WatchdogData, 'cells' | 'connections' | 'heartbeatFd'>

/**
 * Guards the main thread's stays in native code (DESIGN D7). A run or load past its deadline ends the process with
 * SIGALRM after its connections are answered. Beats on descriptor 3, if the parent put a pipe there.
 */
export class Watchdog {
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * cell.count))
  private readonly connections = new Uint8Array(new SharedArrayBuffer(descriptorsMax))
  private readonly thread: Worker
  private readonly turn: NodeJS.Timeout

  constructor(options: WatchdogOptions) {
    const takeTurn = () => Atomics.store(this.cells, cell.turn, sharedClockMs())
    takeTurn()
    this.turn = setInterval(takeTurn, Math.ceil(options.heartbeatIntervalMs / 2)).unref()
    const workerData: WatchdogData = {
      ...options,
      cells: this.cells.buffer,
      connections: this.connections.buffer,
      heartbeatFd: openHeartbeat(),
    }
    this.thread = new Worker(join(__dirname, 'watchdog-thread.js'), { workerData })
    this.thread.unref()
  }

  /** @param model number of the model in the options' list. */
  begin(activity: 'run' | 'load', model: number, timeoutMs: number): void {
    Atomics.store(this.cells, cell.model, model)
    Atomics.store(this.cells, cell.deadline, (sharedClockMs() + Math.ceil(timeoutMs)) | 0)
    Atomics.store(this.cells, cell.activity, activities[activity])
  }

  end(): void {
    Atomics.store(this.cells, cell.turn, sharedClockMs())
    Atomics.store(this.cells, cell.activity, activities.none)
  }

  /** Notes what the request on a connection is doing. */
  mark(descriptor: number, state: keyof typeof connectionStates): void {
    if (descriptor >= 0 && descriptor < descriptorsMax)
      this.connections[descriptor] = connectionStates[state] satisfies ConnectionState
  }

  async close(): Promise<void> {
    clearInterval(this.turn)
    Atomics.store(this.cells, cell.stop, 1)
    Atomics.notify(this.cells, cell.stop)
    await this.thread.terminate()
  }
}

/**
 * The descriptor of a connection, −1 when it has none any more. Node has no public way to it, and the watchdog can
 * write past a blocked event loop in no other.
 */
export function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle: { fd?: number } | null }
  return _handle?.fd ?? -1
}

/** Makes the pipe non-blocking, so that a parent which does not read never holds the watchdog up. */
function openHeartbeat(): number | null {
  try {
    if (!fstatSync(heartbeatFd).isSocket()) return null
  } catch {
    return null
  }
  const socket = new Socket({ fd: heartbeatFd, readable: false, writable: true })
  socket.on('error', () => undefined).unref()
  return heartbeatFd
}
