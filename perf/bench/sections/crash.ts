import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { directoryFor, type Bench } from '../bench'
import { identityModel } from '../models'
import { kill, waitUntil } from '../processes'
import { conditions } from '../results'
import { isReady, startService, type Service } from '../service'
import { emptyLedger, findLosses, MixedLoad } from './crash-load'
import { findOrphans, orphansThatStay } from './crash-orphans'
import { describeCrash, victims, type Round, type Victim } from './crash-report'

const recoveryTimeoutMs = 60_000
// Loads of this length before and after the kill: some uploads are then at every step of their way.
const loadMs = { min: 300, max: 900 }

// Cheap hashes, so that the load is not all hashing; a sweep each second, so that orphans go while we watch.
const flags = [
  ...['--passwords-argon-2-memory-kib', '8', '--passwords-argon-2-passes', '1'],
  ...['--files-sweep-interval-ms', '1000', '--files-sweep-age-ms', '1000', '--no-models-samples'],
]

/** Kills processes of the service with SIGKILL under mixed load and looks for anything acknowledged that is gone. */
export async function crash(bench: Bench): Promise<string> {
  const directory = directoryFor(bench, 'crash')
  const models = join(directory, 'models')
  mkdirSync(join(models, 'echo', '1'), { recursive: true })
  writeFileSync(join(models, 'echo', '1', 'model.onnx'), identityModel('float32'))
  const start = () =>
    startService(bench.processes, directory, [...flags, '--models-directory', models])
  let service = await start()
  const rounds: Round[] = []
  for (let index = 0; index < bench.rounds; index++) {
    const victim = victims[index % victims.length]!
    const { round, survivor } = await playRound(bench, service, victim, start)
    service = survivor
    rounds.push(round)
    bench.say(describeRound(index + 1, round))
  }
  const { before, after } = await restartForOrphans(service, start)
  const report = { conditions: conditions(), rounds, ...after, orphansBefore: before }
  bench.problems.push(...problemsOf(rounds, after))
  return describeCrash(report)
}

async function playRound(
  bench: Bench,
  service: Service,
  victim: Victim,
  start: () => Promise<Service>,
): Promise<{ round: Round; survivor: Service }> {
  const ledger = emptyLedger()
  const load = new MixedLoad(service, ledger)
  await delay(randomInt(loadMs.min, loadMs.max))
  const killedAt = performance.now()
  let survivor = service
  if (victim === 'primary' || victim === 'all') {
    await killPrimary(service, victim)
    await load.stop()
    survivor = await startAgain(bench, start)
  } else await killChild(service, victim)
  const recoveryMs = performance.now() - killedAt
  if (survivor === service) {
    await delay(randomInt(loadMs.min, loadMs.max))
    await load.stop()
  }
  const losses = await findLosses(survivor, ledger)
  return { round: { victim, ledger, losses, recoveryMs }, survivor }
}

async function killPrimary(service: Service, victim: 'primary' | 'all'): Promise<void> {
  const processes = service.processes()
  const exited = once(service.primary, 'exit')
  for (const { role, pid } of processes)
    if (victim === 'all' || role === 'primary') kill(pid, 'SIGKILL')
  await exited
}

/** Kills one process of that role and waits until another has taken its place. */
async function killChild(service: Service, role: string): Promise<void> {
  const pidsOf = () =>
    service
      .processes()
      .filter((each) => each.role === role)
      .map(({ pid }) => pid)
  const before = pidsOf()
  const killed = before[randomInt(before.length)]!
  kill(killed, 'SIGKILL')
  const replaced = () => {
    const now = pidsOf()
    return now.length === before.length && !now.includes(killed)
  }
  await waitUntil(
    `another ${role}`,
    async () => replaced() && (await isReady(service.url)),
    recoveryTimeoutMs,
  )
}

/** At once, as a process supervisor would; what the dead primary left behind may still be in the way for a moment. */
async function startAgain(bench: Bench, start: () => Promise<Service>): Promise<Service> {
  const endsAt = performance.now() + recoveryTimeoutMs
  for (;;)
    try {
      return await start()
    } catch (error) {
      if (performance.now() > endsAt) throw error
      bench.say(`crash: a start failed: ${error instanceof Error ? error.message : String(error)}`)
      await delay(200)
    }
}

/** Everything of all rounds once more, after an orderly stop and a fresh start. */
async function restartForOrphans(service: Service, start: () => Promise<Service>) {
  const before = await findOrphans(service)
  await service.stop()
  const fresh = await start()
  try {
    return { before, after: { orphans: await orphansThatStay(fresh) } }
  } finally {
    await fresh.stop()
  }
}

function describeRound(number: number, { victim, ledger, losses, recoveryMs }: Round): string {
  return (
    `crash: round ${number}, ${victim} killed: ${ledger.files.size} uploads, ${ledger.accounts.size} accounts, ` +
    `${ledger.inferences} inferences acknowledged; ready again after ${recoveryMs.toFixed(0)} ms; ` +
    `${losses.lostFiles + losses.lostAccounts} lost, ${losses.corruptFiles} corrupt`
  )
}

function problemsOf(
  rounds: readonly Round[],
  { orphans }: { orphans: { drafts: number; blobs: number; missing: number } },
): string[] {
  const sum = (of: (round: Round) => number) => rounds.reduce((total, each) => total + of(each), 0)
  const counts = {
    'acknowledged files lost': sum(({ losses }) => losses.lostFiles),
    'files corrupt': sum(({ losses }) => losses.corruptFiles),
    'acknowledged accounts lost': sum(({ losses }) => losses.lostAccounts),
    'inferences answered wrongly': sum(({ ledger }) => ledger.wrongInferences),
    'drafts left for good': orphans.drafts,
    'blobs without a file left for good': orphans.blobs,
    'files without their blob': orphans.missing,
  }
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
}
