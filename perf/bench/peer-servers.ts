import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import type { Bench } from './bench'
import { startPeerNginx } from './peer-nginx'
import type { ExpressArgument } from './peers/express'
import type { TransportArgument } from './peers/transport'
import { end, waitUntil } from './processes'
import { preparePython } from './python-environment'

const startTimeoutMs = 30_000

/** Starts one process that serves on a unix socket. */
type StartPeer = (socket: string) => ChildProcess

/** What the service is compared with, several processes of each behind an nginx with the service's settings. */
export interface PeerServers {
  /** Base URL by name. */
  urls: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts `count` processes of each peer and waits until all answer. */
export async function startPeerServers(
  { processes }: Bench,
  args: {
    directory: string
    peers: Readonly<Record<string, StartPeer>>
    count: number
    nginxWorkers: number
  },
): Promise<PeerServers> {
  const { directory, peers, count, nginxWorkers } = args
  const upstreams = Object.fromEntries(
    Object.keys(peers).map((name) => [
      name,
      Array.from({ length: count }, (_, slot) => join(directory, `${name}-${slot}.sock`)),
    ]),
  )
  const children = Object.entries(upstreams).flatMap(([name, sockets]) =>
    sockets.map((socket) => ({ name, socket, child: peers[name]!(socket) })),
  )
  await Promise.all(children.map(waitForPeer))
  const nginx = await startPeerNginx(processes, {
    directory: join(directory, 'peer-nginx'),
    upstreams,
    workerProcesses: nginxWorkers,
  })
  const stop = async () => {
    await Promise.all([nginx.stop(), ...children.map(({ child }) => end(child))])
  }
  return { urls: nginx.urls, stop }
}

async function waitForPeer(peer: { name: string; socket: string; child: ChildProcess }) {
  const { name, socket, child } = peer
  let complaint = ''
  child.stdout?.resume()
  child.stderr?.on('data', (chunk: Buffer) => (complaint = chunk.toString().slice(-2000)))
  await waitUntil(
    name,
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} did not start: ${complaint}`)
      return await accepts(socket)
    },
    startTimeoutMs,
  )
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const moduleOf = (name: string) => join(__dirname, 'peers', `${name}.js`)

/** The least an HTTP server can do, with the answers of the service. */
export function transportPeer(
  { processes }: Bench,
  answers: TransportArgument['answers'],
): StartPeer {
  return (socket) =>
    processes.fork(moduleOf('transport'), { socket, answers } satisfies TransportArgument)
}

/** The obvious ways to serve these models: Express, and FastAPI where Python and its packages can be had. */
export function alternativePeers(
  bench: Bench,
  models: ExpressArgument['models'],
): Record<string, StartPeer> {
  const { processes } = bench
  const express: StartPeer = (socket) =>
    processes.fork(moduleOf('express'), { socket, models } satisfies ExpressArgument)
  const python = pythonOf(bench)
  if (python === null) return { express }
  const program = resolve('perf/bench/peers/fastapi_server.py')
  const fastapi: StartPeer = (socket) =>
    processes.spawn(python, ['-B', program, JSON.stringify({ socket, models })])
  return { express, fastapi }
}

/** @returns null, having said why, when the peer in Python cannot run here. */
function pythonOf(bench: Bench): string | null {
  try {
    return preparePython('perf/bench/peers/requirements.txt', bench.say)
  } catch (error) {
    bench.say(`FastAPI is left out: ${(error as Error).message}`)
    return null
  }
}
