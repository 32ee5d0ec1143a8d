import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { startPeerNginx } from '../peer-nginx'
import { conditions } from '../results'
import { nginxWorkersOf, startService, type Service } from '../service'
import { median, medianRatio, percent, short, table } from '../statistics'
import { runWrk, writeScript, type Load } from '../wrk'

const sizes = [
  { name: '4 KB', sizeBytes: 4096, clients: 16, aim: '0.5' },
  { name: '1 MB', sizeBytes: 1024 ** 2, clients: 16, aim: '0.85' },
  { name: '64 MB', sizeBytes: 64 * 1024 ** 2, clients: 4, aim: '0.85' },
  { name: '1 GB', sizeBytes: 1024 ** 3, clients: 2, aim: '0.85' },
] as const

interface Download {
  name: string
  clients: number
  aim: string
  /** How much longer it takes until some are whole. */
  secondsFactor: number
  urls: { service: string; nginx: string }
  script: string
  loads: { service: Load[]; nginx: Load[] }
}

/** Downloads with sign-in, against nginx serving the same bytes with no service behind it. */
export async function downloads(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'downloads')
  bench.say('downloads: starting the service')
  const service = await startService(bench.processes, directory, ['--no-models-samples'])
  const filesDirectory = join(directory, 'files')
  mkdirSync(filesDirectory)
  const nginx = await startPeerNginx(bench.processes, {
    ...{ directory: join(directory, 'peer-nginx'), upstreams: {}, filesDirectory },
    workerProcesses: nginxWorkersOf(service),
  })
  try {
    const prepared: Download[] = []
    for (const size of sizes)
      prepared.push(await prepare(size, { service, directory, plainUrl: nginx.urls['files']! }))
    for (let round = 0; round <= bench.rounds; round++)
      for (const download of prepared) await measure(bench, download, round > 0)
    return describe(prepared, foreign.share())
  } finally {
    await Promise.all([service.stop(), nginx.stop()])
  }
}

async function prepare(
  { name, sizeBytes, clients, aim }: (typeof sizes)[number],
  context: { service: Service; directory: string; plainUrl: string },
): Promise<Download> {
  const { service, directory, plainUrl } = context
  const file = `${sizeBytes}.bin`
  const body = randomBytes(sizeBytes)
  const path = filePath(service.account, `bench/${file}`)
  await service.client.putFile({ path, contentType: 'application/octet-stream', body })
  writeFileSync(join(directory, 'files', file), body)
  return {
    ...{ name, clients, aim, secondsFactor: sizeBytes >= 1024 ** 3 ? 6 : 1 },
    urls: {
      service: new URL(path, service.url).href,
      nginx: new URL(file, plainUrl).href,
    },
    script: writeScript(directory, file, {
      method: 'GET',
      headers: { authorization: service.client.authorization },
    }),
    loads: { service: [], nginx: [] },
  }
}

/** The first round warms up and does not count. */
async function measure(bench: Bench, download: Download, counts: boolean): Promise<void> {
  const { urls, script, clients, secondsFactor, loads } = download
  for (const target of ['service', 'nginx'] as const) {
    const url = urls[target]
    await bench.processes.settle()
    const seconds = bench.seconds * secondsFactor
    const load = await runWrk(bench.processes, { url, script, clients, seconds })
    if (!counts) continue
    loads[target].push(load)
    bench.say(`downloads: ${download.name} ${target} ${load.requestsPerS.toFixed(0)}/s`)
  }
}

function describe(prepared: readonly Download[], foreignShare: number): string {
  const rows = prepared.map(({ name, clients, aim, loads }) => {
    const rate = (of: readonly Load[]) => median(of.map(({ requestsPerS }) => requestsPerS))
    const speeds = (of: readonly Load[]) => of.map(({ bytesPerS }) => bytesPerS / 1e6)
    const failed = [...loads.service, ...loads.nginx].some((load) => load.failed > 0)
    return [
      name,
      String(clients),
      short(rate(loads.service)) + (failed ? ' !' : ''),
      short(median(speeds(loads.service))),
      short(rate(loads.nginx)),
      short(median(speeds(loads.nginx))),
      medianRatio(speeds(loads.service), speeds(loads.nginx)).toFixed(2),
      aim,
    ]
  })
  return `## Downloads with sign-in

${conditions()}. Foreign ${percent(foreignShare)}.

Against nginx serving the same bytes with no service behind it and nobody signing in; everything is in the page cache.

${table(
  [
    'file',
    'clients',
    'service 1/s',
    'service MB/s',
    'nginx 1/s',
    'nginx MB/s',
    '**service / nginx**',
    'aim',
  ],
  rows,
)}
`
}
