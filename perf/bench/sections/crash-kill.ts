import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, rmSync, renameSync, writeFileSync } from 'node:fs'
import type { Fault } from '../../../webserver/platform/fault-points'
import { kill, waitUntil } from '../processes'
import { isReady, type Service } from '../service'
import { roleAt, type Point } from './crash-points'

export interface Killed {
  /** False when no process came by the point while it was waited for. */
  reached: boolean
  /** When, by `performance.now()`. */
  atMs: number
}

const recoveryTimeoutMs = 60_000
const reachTimeoutMs = 4000

/** Orders a fault and waits until a process has died of it and another is in its place. */
export async function killAtPoint(service: Service, point: Point, orders: string): Promise<Killed> {
  const role = roleAt(point)
  const before = pidsOf(service, role)
  order(orders, point)
  const isTaken = () => existsSync(`${orders}.taken`)
  const reached = await waitUntil('the fault', isTaken, reachTimeoutMs).then(
    () => true,
    () => isTaken(),
  )
  const atMs = performance.now()
  // Whoever is about to take it loses, or has won already.
  rmSync(orders, { force: true })
  if (!reached && !isTaken()) return { reached: false, atMs }
  await untilReplaced(service, role, before, (now) => before.some((pid) => !now.includes(pid)))
  return { reached: true, atMs }
}

/** Written aside, so that no process reads half of it. */
function order(orders: string, { point, about, passMax }: Point): void {
  const fault: Fault = {
    id: randomUUID(),
    point,
    about,
    pass: randomInt(passMax) + 1,
    action: 'kill',
  }
  rmSync(`${orders}.taken`, { force: true })
  writeFileSync(`${orders}.new`, JSON.stringify(fault))
  renameSync(`${orders}.new`, orders)
}

/** Kills one process of that role and waits until another has taken its place; or the primary, or all at once. */
export async function killByRole(service: Service, role: string): Promise<Killed> {
  const atMs = performance.now()
  if (role === 'primary' || role === 'all') await killPrimary(service, role)
  else await killChild(service, role)
  return { reached: true, atMs }
}

async function killPrimary(service: Service, victim: 'primary' | 'all'): Promise<void> {
  const processes = service.processes()
  const exited = once(service.primary, 'exit')
  for (const { role, pid } of processes)
    if (victim === 'all' || role === 'primary') kill(pid, 'SIGKILL')
  await exited
}

async function killChild(service: Service, role: string): Promise<void> {
  const before = pidsOf(service, role)
  // nginx's first is its master; it has helpers that come and go.
  const killed = role === 'nginx' ? before[0]! : before[randomInt(before.length)]!
  kill(killed, 'SIGKILL')
  await untilReplaced(service, role, before, (now) => !now.includes(killed))
}

async function untilReplaced(
  service: Service,
  role: string,
  before: readonly number[],
  hasDied: (now: readonly number[]) => boolean,
): Promise<void> {
  await waitUntil(
    `another ${role}`,
    async () => {
      const now = pidsOf(service, role)
      const isWhole =
        role === 'nginx' ? now.some((pid) => !before.includes(pid)) : now.length === before.length
      return isWhole && hasDied(now) && (await isReady(service.url))
    },
    recoveryTimeoutMs,
  )
}

function pidsOf(service: Service, role: string): number[] {
  return service
    .processes()
    .filter((each) => each.role === role)
    .map(({ pid }) => pid)
}
