import { writeFileSync, writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import {
  activities,
  cells as cell,
  connectionStates,
  elapsedMs,
  sharedClockMs,
  type WatchdogData,
} from './watchdog-cells'

/**
 * The thread that keeps time while the main thread is inside a native call, which nothing in JavaScript can stop. Past
 * the deadline it answers the open connections itself and ends the process.
 */
const pollMs = 20
const killAfterMs = 500

const data = workerData as WatchdogData
const cells = new Int32Array(data.cells)
const connections = new Uint8Array(data.connections)

function watch(): void {
  let lastBeat = sharedClockMs() - data.heartbeatIntervalMs
  while (Atomics.wait(cells, cell.stop, 0, pollMs) === 'timed-out') {
    const now = sharedClockMs()
    const activity = Atomics.load(cells, cell.activity)
    note(activity)
    if (activity !== activities.none) {
      const deadline = Atomics.load(cells, cell.deadline)
      // The activity is read again: the run may have ended, and another begun, between the two loads.
      if (elapsedMs(deadline, now) > 0 && Atomics.load(cells, cell.deadline) === deadline)
        if (Atomics.load(cells, cell.activity) === activity) endProcess(activity)
    }
    if (elapsedMs(lastBeat, now) >= data.heartbeatIntervalMs && isAlive(activity, now)) {
      lastBeat = now
      beat()
    }
  }
}

let noted = -1

/** Says which model runs, so that the parent knows whom to blame when the process ends in the middle of it. */
function note(activity: number): void {
  const running = activity === activities.run ? Atomics.load(cells, cell.model) : -1
  if (running === noted || data.heartbeatFd === null) return
  noted = running
  const model = data.models[running]
  tryWrite(
    data.heartbeatFd,
    model === undefined ? 'idle\n' : `run ${model.name} ${model.version}\n`,
  )
}

function isAlive(activity: number, now: number): boolean {
  const silentMs = elapsedMs(Atomics.load(cells, cell.turn), now)
  return activity !== activities.none || silentMs < data.heartbeatTimeoutMs
}

function beat(): void {
  if (data.heartbeatFd !== null) tryWrite(data.heartbeatFd, '.')
}

function endProcess(activity: number): void {
  const model = data.models[Atomics.load(cells, cell.model)]!
  if (activity === activities.load) markTimedOut(model.marker)
  answerConnections(model.name)
  tryWrite(2, `${JSON.stringify(lastWords(activity, model))}\n`)
  process.kill(process.pid, 'SIGALRM')
  Atomics.wait(cells, cell.stop, 0, killAfterMs)
  process.kill(process.pid, 'SIGKILL')
}

/** The next engine must not try the same file again. */
function markTimedOut(marker: string): void {
  try {
    writeFileSync(marker, '')
  } catch {
    // It will be tried again then.
  }
}

function answerConnections(model: string): void {
  const timeout = response(
    '504 Gateway Timeout',
    `model '${model}' did not finish within ${data.runTimeoutMs} ms`,
  )
  const restart = response(
    '503 Service Unavailable\r\nRetry-After: 1',
    'the inference engine is being restarted',
  )
  connections.forEach((state, fd) => {
    if (state === connectionStates.running) tryWrite(fd, timeout)
    else if (state === connectionStates.waiting) tryWrite(fd, restart)
  })
}

function response(statusAndHeaders: string, error: string): string {
  const body = JSON.stringify({ error })
  return (
    `HTTP/1.1 ${statusAndHeaders}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

/** In the form of the other messages of the process, whose logger belongs to the other thread. */
function lastWords(activity: number, { name, version }: { name: string; version: string }) {
  const failure =
    activity === activities.load ? 'load in time' : `finish within ${data.runTimeoutMs} ms`
  return {
    level: 50,
    time: new Date().toISOString(),
    role: 'engine',
    slot: data.slot,
    pid: process.pid,
    model: name,
    version,
    msg: `the model did not ${failure}; the engine ends`,
  }
}

/** A peer that is gone or full must not keep the others waiting. */
function tryWrite(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch {
    // Nobody is left to tell.
  }
}

watch()
