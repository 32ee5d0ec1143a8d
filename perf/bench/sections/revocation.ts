import { Agent, request } from 'node:http'
import { directoryFor, type Bench } from '../bench'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { table } from '../statistics'
import { ways, type Target, type Way } from './revocation-ways'

const clients = 8
const warmRequests = 100
/** Requests that must be refused in a row, over all connections, before it counts as held. */
const refusedMin = 100

interface Sample {
  sentAt: number
  status: number
}

interface Trial {
  requests: number
  /** From the acknowledgement to the start of the last request that was still answered well; negative: before it. */
  lastAllowedMs: number
  /** From the acknowledgement to the start of the first request that was refused. */
  firstRefusedMs: number
}

/**
 * Takes rights away from clients that ask without a pause over two workers, and looks for requests that began after the
 * acknowledgement and were answered well: through nginx, and without it.
 */
export async function revocation(bench: Bench): Promise<string> {
  const parts: string[] = []
  for (const nginx of [true, false]) {
    const front = nginx ? 'through nginx' : 'without nginx'
    bench.say(`Revocation, ${front}:`)
    const service = await startService(
      bench.processes,
      directoryFor(bench, `revocation-${nginx}`),
      [...['--workers', '2', '--engines', '1', nginx ? '--nginx' : '--no-nginx']],
    )
    const rows = await measureWays(bench, { service, front })
    await service.stop()
    parts.push(`### ${front[0]!.toUpperCase()}${front.slice(1)}\n\n${table(head, rows)}`)
  }
  return `## Revocation\n\n${conditions()}\n\n${explanation}\n\n${parts.join('\n\n')}`
}

const head = ['what ends', 'requests', 'last allowed, ms', 'first refused, ms', 'allowed too late']

const explanation = `${clients} clients ask for a 4 KB file on kept-alive connections over two workers while the right to it is taken away.
Times are from the acknowledgement of that to the start of the request, the worst of all rounds: a negative "last allowed" means that no
request which began after the acknowledgement was answered well.`

async function measureWays(
  bench: Bench,
  { service, front }: { service: Service; front: string },
): Promise<string[][]> {
  const rows: string[][] = []
  for (const way of ways) {
    const trials: Trial[] = []
    for (let round = 0; round < bench.rounds; round++)
      trials.push(await measure(await way.prepare(service), service.url))
    const late = trials.filter(({ lastAllowedMs }) => lastAllowedMs > way.staleMaxMs)
    if (late.length > 0) bench.problems.push(problemOf(way, front, late))
    const row = rowOf(way, trials, late.length)
    bench.say(`  ${row.join(' · ')}`)
    rows.push(row)
  }
  return rows
}

function problemOf({ name, staleMaxMs }: Way, front: string, late: readonly Trial[]): string {
  const worstMs = Math.max(...late.map(({ lastAllowedMs }) => lastAllowedMs))
  return `${name}, ${front}: a request that began ${worstMs.toFixed(1)} ms after the acknowledgement was answered well (at most ${staleMaxMs})`
}

function rowOf({ name }: Way, trials: readonly Trial[], late: number): string[] {
  const worst = (of: (trial: Trial) => number) => Math.max(...trials.map(of)).toFixed(2)
  return [
    name,
    String(trials.reduce((sum, { requests }) => sum + requests, 0)),
    worst(({ lastAllowedMs }) => lastAllowedMs),
    worst(({ firstRefusedMs }) => firstRefusedMs),
    String(late),
  ]
}

async function measure(target: Target, baseUrl: string): Promise<Trial> {
  const samples: Sample[] = []
  const ended = { at: Infinity }
  const isDone = () =>
    samples.length > warmRequests &&
    samples
      .slice(-refusedMin)
      .every(({ sentAt, status }) => sentAt > ended.at && !target.isAllowed(status))
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const loops = Array.from({ length: clients }, () =>
    hammer({ target, baseUrl, agent, samples, isDone }),
  )
  while (samples.length < warmRequests) await new Promise((done) => setTimeout(done, 1))
  const refusedEarly = samples.filter(({ status }) => !target.isAllowed(status))
  if (refusedEarly.length > 0) throw new Error(`answered ${refusedEarly[0]!.status} too early`)
  const countsAt = await target.revoke()
  ended.at = countsAt ?? performance.now()
  await Promise.all(loops)
  agent.destroy()
  return trialOf(target, samples, ended.at)
}

function trialOf({ isAllowed }: Target, samples: readonly Sample[], endedAt: number): Trial {
  const allowed = samples.filter(({ status }) => isAllowed(status))
  const refused = samples.filter(({ status }) => !isAllowed(status))
  return {
    requests: samples.length,
    lastAllowedMs: Math.max(...allowed.map(({ sentAt }) => sentAt)) - endedAt,
    firstRefusedMs: Math.min(...refused.map(({ sentAt }) => sentAt)) - endedAt,
  }
}

interface Hammering {
  target: Target
  baseUrl: string
  agent: Agent
  samples: Sample[]
  isDone(): boolean
}

async function hammer({ target, baseUrl, agent, samples, isDone }: Hammering): Promise<void> {
  const url = new URL(target.path, baseUrl)
  while (!isDone()) samples.push(await askOnce(url, target, agent))
}

function askOnce(url: URL, { method, authorization }: Target, agent: Agent): Promise<Sample> {
  const sentAt = performance.now()
  return new Promise((resolve, reject) => {
    const headers = authorization === null ? {} : { authorization }
    const outgoing = request(url, { method, agent, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve({ sentAt, status: answer.statusCode! }))
    })
    outgoing.once('error', reject)
    outgoing.end(method === 'POST' ? '{"inputs":[]}' : undefined)
  })
}
