import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Client } from '../../webserver/demo/client'
import { signIn } from '../../webserver/demo/sign-in'
import { descendantsOf } from './process-table'
import { end, waitUntil, type ProcessGroup } from './processes'

const program = resolve(__dirname, '../../webserver/main.js')
const startTimeoutMs = 90_000

/** Gristmill as people start it, on directories of its own. */
export interface Service {
  url: string
  dataDirectory: string
  /** Name of the admin account that is signed in. */
  account: string
  client: Client
  primary: ChildProcess
  /** Every process of it, nginx's included, by what it does. */
  processes(): { role: string; pid: number }[]
  stop(): Promise<void>
}

/**
 * Starts the service, waits until it is ready, makes the first account and signs in.
 * @param directory holds data and perf logs, and those of an earlier service started on it.
 * @param flags further flags of `npm start`.
 */
export async function startService(
  group: ProcessGroup,
  directory: string,
  flags: readonly string[] = [],
): Promise<Service> {
  const dataDirectory = join(directory, 'data')
  const primary = group.spawn(process.execPath, [
    program,
    ...['--data', dataDirectory, '--perf-directory', join(directory, 'perf-logs')],
    ...['--port', '0', '--log-level', 'warn', ...flags],
  ])
  const url = await urlOf(primary)
  await waitUntil('the service to be ready', () => hasStarted(url, primary), startTimeoutMs)
  const client = new Client(url)
  const account = await signIn(client, dataDirectory)
  return {
    ...{ url, dataDirectory, account, client, primary },
    processes: () => processesOf(primary.pid!),
    stop: () => end(primary),
  }
}

async function urlOf(primary: ChildProcess): Promise<string> {
  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000)
  }
  primary.stdout?.on('data', collect)
  primary.stderr?.on('data', collect)
  const pattern = /http:\/\/[\w.:[\]]+:\d+/
  await waitUntil(
    'the service to print its address',
    () => {
      if (primary.exitCode !== null) throw new Error(`the service did not start: ${output}`)
      return pattern.test(output)
    },
    startTimeoutMs,
  )
  return pattern.exec(output)![0]
}

async function hasStarted(url: string, primary: ChildProcess): Promise<boolean> {
  if (primary.exitCode !== null) throw new Error('the service ended while starting')
  return isReady(url)
}

export async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/readyz', url))
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** How many workers its nginx has; it also has a master and helpers for its cache. */
export function nginxWorkersOf(service: Service): number {
  return service
    .processes()
    .filter(({ role, pid }) => role === 'nginx' && titleOf(pid).includes('worker process')).length
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function processesOf(primaryPid: number): { role: string; pid: number }[] {
  return [
    { role: 'primary', pid: primaryPid },
    ...descendantsOf(primaryPid).map((pid) => ({ role: roleOf(pid), pid })),
  ]
}

/** A child knows its role from its environment (see `takeProcessSetup`); nginx has no such variable. */
function roleOf(pid: number): string {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    return /"role":"(\w+)"/.exec(environment)?.[1] ?? command
  } catch {
    return 'gone'
  }
}
