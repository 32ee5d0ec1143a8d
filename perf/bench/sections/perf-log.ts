import { join } from 'node:path'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { inferenceCases, writeModels } from '../cases'
import { ForeignLoad } from '../foreign-load'
import { prepareCase } from '../prepare-case'
import { cpuSecondsOf } from '../process-table'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { median, percent, table } from '../statistics'
import { runWrk, writeScript } from '../wrk'

// A B B A: a drift of the machine that is steady over four runs falls on both sides alike.
const order = ['requests', 'off', 'off', 'requests'] as const
type Level = (typeof order)[number]

interface Workload {
  name: string
  path: string
  scripts: Record<Level, string>
  clients: number
  /** CPU µs per request of the Node processes, and with nginx's, one entry per run. */
  nodeUs: Record<Level, number[]>
  allUs: Record<Level, number[]>
}

/** What the perf log costs: CPU time of all the service's processes per request, on against off. */
export async function perfLog(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'perf-log')
  const models = join(directory, 'models')
  const files = writeModels(models)
  bench.say('perf-log: starting the service twice')
  const start = (level: Level) =>
    startService(bench.processes, directoryFor(bench, `perf-log/${level}`), [
      ...['--models-directory', models, '--no-models-samples', '--perf-level', level],
    ])
  const services = { requests: await start('requests'), off: await start('off') }
  try {
    const workloads = [
      await tinyInference(services, directory, files['tiny']!),
      await smallDownload(services, directory),
    ]
    for (const workload of workloads) await measure(bench, services, workload)
    return describe(workloads, foreign.share())
  } finally {
    await Promise.all([services.requests.stop(), services.off.stop()])
  }
}

function empty(): Record<Level, number[]> {
  return { requests: [], off: [] }
}

async function tinyInference(
  services: Record<Level, Service>,
  directory: string,
  file: string,
): Promise<Workload> {
  const tiny = inferenceCases().find(({ model }) => model === 'tiny')!
  const prepare = (level: Level) =>
    prepareCase(services[level], directoryOf(directory, level), tiny, file)
  const requests = await prepare('requests')
  const off = await prepare('off')
  return {
    ...{ name: 'inference, tiny graph', path: requests.path, clients: 32 },
    scripts: { requests: requests.script, off: off.script },
    ...{ nodeUs: empty(), allUs: empty() },
  }
}

function directoryOf(directory: string, level: Level): string {
  return join(directory, level)
}

async function smallDownload(
  services: Record<Level, Service>,
  directory: string,
): Promise<Workload> {
  const name = 'bench/4096.bin'
  const scriptFor = async (level: Level) => {
    const { client, account } = services[level]
    const path = filePath(account, name)
    await client.putFile({
      ...{ path, contentType: 'application/octet-stream', body: Buffer.alloc(4096, 'x') },
    })
    return writeScript(directoryOf(directory, level), 'download', {
      method: 'GET',
      headers: { authorization: client.authorization },
      requestFunction: `wrk.path = '${path}'`,
    })
  }
  return {
    ...{ name: 'download of 4 KB', path: '/', clients: 16 },
    scripts: { requests: await scriptFor('requests'), off: await scriptFor('off') },
    ...{ nodeUs: empty(), allUs: empty() },
  }
}

async function measure(
  bench: Bench,
  services: Record<Level, Service>,
  workload: Workload,
): Promise<void> {
  // The first block warms up.
  for (let block = bench.quick ? 1 : 0; block <= bench.rounds; block++)
    for (const level of order) {
      const { nodeUs, allUs } = await measureOnce(bench, services[level], workload, level)
      if (block === 0) continue
      workload.nodeUs[level].push(nodeUs)
      workload.allUs[level].push(allUs)
      bench.say(`perf-log: ${workload.name}, ${level}: ${allUs.toFixed(1)} µs CPU a request`)
    }
}

async function measureOnce(
  bench: Bench,
  service: Service,
  workload: Workload,
  level: Level,
): Promise<{ nodeUs: number; allUs: number }> {
  await bench.processes.settle()
  const all = service.processes()
  const pids = all.map(({ pid }) => pid)
  const nodePids = all.filter(({ role }) => role !== 'nginx').map(({ pid }) => pid)
  const before = { all: cpuSecondsOf(pids), node: cpuSecondsOf(nodePids) }
  const { requests, failed } = await runWrk(bench.processes, {
    url: new URL(workload.path, service.url).href,
    script: workload.scripts[level],
    clients: workload.clients,
    seconds: bench.quick ? 1 : 2 * bench.seconds,
  })
  if (failed > 0) throw new Error(`${workload.name}: ${failed} of ${requests} requests failed`)
  return {
    nodeUs: ((cpuSecondsOf(nodePids) - before.node) / requests) * 1e6,
    allUs: ((cpuSecondsOf(pids) - before.all) / requests) * 1e6,
  }
}

function describe(workloads: readonly Workload[], foreignShare: number): string {
  const rows = workloads.flatMap(({ name, nodeUs, allUs }) =>
    [
      { of: 'all processes', us: allUs },
      { of: 'without nginx', us: nodeUs },
    ].map(({ of, us }) => [
      name,
      of,
      median(us.requests).toFixed(2),
      median(us.off).toFixed(2),
      percent(median(us.requests) / median(us.off) - 1),
      spreadOf(us.off),
    ]),
  )
  return `## Cost of the perf log

${conditions()}. Foreign ${percent(foreignShare)}.

CPU time (user and system, from /proc) of the service's processes per request, two services side by side, runs in the order
on, off, off, on; the aim is under 3 %. *Spread* is half the range between the quartiles of the runs without the log,
relative to their median: a difference below it is not to be told from none.

${table(['request', 'CPU of', 'on µs', 'off µs', '**cost**', 'spread'], rows)}
`
}

function spreadOf(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!
  return percent((at(0.75) - at(0.25)) / 2 / median(sorted))
}
