import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { directoryFor, type Bench } from '../bench'
import { identityModel } from '../models'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { booksAfterSweeps, counted, readBooks, wrongIn, type Books } from './crash-books'
import { killAtPoint, killByRole } from './crash-kill'
import { Ledger } from './crash-ledger'
import { MixedLoad } from './crash-load'
import { findLosses, type Losses } from './crash-losses'
import { everyPoint, nameOf, processes, type Point, type Victim } from './crash-points'
import { describeCrash, type Round } from './crash-report'

const recoveryTimeoutMs = 60_000
// Loads of this length before and after the kill: some requests are then at every step of their way.
const loadMs = { min: 150, max: 500 }
// After so many steps a process is chosen.
const roundsPerProcess = 5

/** Cheap hashes, so that the load is not all hashing; a sweep each second, so that orphans go while we watch. */
const flags = [
  ...['--passwords-argon-2-memory-kib', '8', '--passwords-argon-2-passes', '1'],
  ...['--files-sweep-interval-ms', '1000', '--files-sweep-age-ms', '1000'],
  ...['--files-store-check-interval-ms', '2000', '--files-reserve-from-bytes', '8192'],
  ...['--files-upload-expiry-ms', '20000', '--files-versions-kept', '3', '--no-models-samples'],
  // Nobody waits long for an upload that died in somebody's hands.
  ...['--files-upload-lease-ms', '1000'],
  // What was changed in parts is soon made one again.
  ...['--files-compact-after-ms', '500', '--files-compact-crowded-after-ms', '200'],
  // Dying is what it is here for: each death counts for itself.
  ...['--cluster-restarts-max', '1000', '--cluster-restart-delay-min-ms', '20'],
  ...['--cluster-stable-after-ms', '100', '--cluster-heartbeat-interval-ms', '200'],
]

type Start = () => Promise<Service>

/** Ends processes with SIGKILL, at chosen steps and at any moment, under mixed load, and looks for what is gone. */
export async function crash(bench: Bench): Promise<string> {
  const directory = directoryFor(bench, 'crash')
  const orders = join(directory, 'fault')
  const start = starter(bench, directory, orders)
  let service = await start()
  const rounds: Round[] = []
  const everything = new Ledger()
  const unreached = new Set<string>()
  for (const victim of victims(unreached)) {
    if (rounds.length >= bench.rounds) break
    const { round, survivor } = await playRound({ bench, service, victim, start, orders })
    service = survivor
    everything.take(round.ledger)
    bench.say(describeRound(`${rounds.length + 1} of ${bench.rounds}`, round))
    bench.problems.push(...problemsOf(round))
    if (round.killed.reached) rounds.push(round)
    else if ('point' in victim) unreached.add(nameOf(victim.point))
  }
  const before = await readBooks(service)
  const swept = await booksAfterSweeps(service)
  bench.say(`crash: reading back ${everything.files.size} files of all rounds once more`)
  const inTheEnd = await findLosses(service, everything)
  await service.stop()
  bench.problems.push(...lastingProblems(swept, inTheEnd))
  return describeCrash({
    conditions: conditions(),
    rounds,
    before,
    swept,
    inTheEnd,
    unreached: [...unreached],
  })
}

function starter(bench: Bench, directory: string, orders: string): Start {
  const models = join(directory, 'models')
  mkdirSync(join(models, 'echo', '1'), { recursive: true })
  writeFileSync(join(models, 'echo', '1', 'model.onnx'), identityModel('float32'))
  const all = [...flags, '--models-directory', models, '--test-fault-orders', orders]
  return () => startService(bench.processes, directory, all)
}

/** All steps, in an order of chance, again and again, with a process now and then. */
function* victims(unreached: ReadonlySet<string>): Generator<Victim> {
  let points: Point[] = []
  for (let index = 0; ; index++) {
    if (index % roundsPerProcess === 0)
      yield { role: processes[(index / roundsPerProcess) % processes.length]! }
    points = points.filter((point) => !unreached.has(nameOf(point)))
    if (points.length === 0) points = shuffled(everyPoint())
    yield { point: points.pop()! }
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const left = [...items]
  return items.map(() => left.splice(randomInt(left.length), 1)[0]!)
}

interface RoundOptions {
  bench: Bench
  service: Service
  victim: Victim
  start: Start
  orders: string
}

async function playRound(options: RoundOptions): Promise<{ round: Round; survivor: Service }> {
  const { bench, service, victim, start, orders } = options
  const ledger = new Ledger()
  const load = new MixedLoad(service, ledger)
  await delay(randomInt(loadMs.min, loadMs.max))
  const killed =
    'point' in victim
      ? await killAtPoint(service, victim.point, orders)
      : await killByRole(service, victim.role)
  let survivor = service
  if (isRunning(service)) await delay(randomInt(loadMs.min, loadMs.max))
  else survivor = await startAgain(bench, start)
  await load.stop()
  const readyMs = performance.now() - killed.atMs
  const losses = await findLosses(survivor, ledger)
  const books = await readBooks(survivor)
  return { round: { victim, killed, ledger, losses, books, readyMs }, survivor }
}

function isRunning({ primary }: Service): boolean {
  return primary.exitCode === null && primary.signalCode === null
}

/** At once, as a process supervisor would; what the dead primary left behind may still be in the way for a moment. */
async function startAgain(bench: Bench, start: Start): Promise<Service> {
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

function describeRound(number: string, round: Round): string {
  const { victim, killed, ledger, losses, readyMs } = round
  const what = 'point' in victim ? nameOf(victim.point) : victim.role
  const { acknowledged, failed } = ledger.total
  if (!killed.reached) return `crash: no process came by ${what}; ${acknowledged} acknowledged`
  return (
    `crash: kill ${number}, ${what}: ${acknowledged} acknowledged, ${failed} failed; ` +
    `ready after ${readyMs.toFixed(0)} ms; ${losses.lost} lost, ${losses.corrupt} corrupt`
  )
}

/** In words, and at what it came about. */
function problemsOf({ victim, ledger, losses, books }: Round): string[] {
  const found = counted({
    'acknowledged and lost': losses.lost,
    corrupt: losses.corrupt,
    'acknowledged offsets of uploads lost': ledger.lostOffsets,
    'inferences answered wrongly': ledger.wrongInferences,
  })
  const at = 'point' in victim ? nameOf(victim.point) : victim.role
  return [...found, ...wrongIn(books)].map((problem) => `${problem} (${at})`)
}

function lastingProblems(swept: Books, inTheEnd: Losses): string[] {
  const found = counted({
    'lost in the end': inTheEnd.lost,
    'corrupt in the end': inTheEnd.corrupt,
    'drafts left for good': swept.drafts,
    'blobs without a file left for good': swept.orphanBlobs,
  })
  return [...found, ...wrongIn(swept)]
}
