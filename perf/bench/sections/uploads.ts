import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { ForeignLoad } from '../foreign-load'
import { Loops } from '../loops'
import type { DurableOrder, DurableResult } from '../peers/durable-loop'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { median, medianRatio, percent, short, table } from '../statistics'
import { runWrk, writeScript, type Load } from '../wrk'

const sizeBytes = 4096
const clientCounts = [1, 16, 64] as const

interface Upload {
  clients: number
  script: string
  service: Load[]
  bare: number[]
}

interface Measured {
  uploads: Upload[]
  /** Uploads a second. */
  oneByOne: number[]
}

/** Small uploads, durable when they are answered, against a bare loop that makes as many files durable. */
export async function uploads(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'uploads')
  const bareDirectory = join(directory, 'bare')
  mkdirSync(bareDirectory)
  bench.say('uploads: starting the service')
  const service = await startService(bench.processes, directory, ['--no-models-samples'])
  const workers = service.processes().filter(({ role }) => role === 'worker').length
  const loops = await Loops.start<DurableOrder, DurableResult>(
    bench.processes,
    'durable-loop',
    workers,
  )
  const measured: Measured = { uploads: [], oneByOne: [] }
  const seconds = 2 * bench.seconds
  const durationMs = seconds * 1000
  const bare = async (shares: readonly number[], recordsDirectory: string | null) => {
    const results = await loops.measure(
      shares.map((concurrency) => {
        return { directory: bareDirectory, sizeBytes, concurrency, durationMs, recordsDirectory }
      }),
    )
    return results.reduce((sum, { writesPerS }) => sum + writesPerS, 0)
  }
  try {
    measured.uploads = clientCounts.map((clients): Upload => {
      const script = uploadScript(service, directory, clients)
      return { clients, script, service: [], bare: [] }
    })
    // The first round warms up.
    for (let round = 0; round <= bench.rounds; round++) {
      for (const upload of measured.uploads) {
        const { script, clients } = upload
        const { url } = service
        const load = await runWrk(bench.processes, { url, script, clients, seconds })
        const bareRate = await bare(shareOut(clients, workers), null)
        if (round === 0) continue
        upload.service.push(load)
        upload.bare.push(bareRate)
        const rate = load.requestsPerS.toFixed(0)
        bench.say(`uploads: ${clients} clients ${rate}/s, bare ${bareRate.toFixed(0)}/s`)
      }
      const oneByOne = await bare([1], bareDirectory)
      bench.say(`uploads: one at a time with its record ${oneByOne.toFixed(0)}/s`)
      if (round > 0) measured.oneByOne.push(oneByOne)
    }
    return describe(measured, workers, foreign.share())
  } finally {
    await Promise.all([service.stop(), loops.stop()])
  }
}

/** Every request has a path and a content of its own, so that nothing is answered from what is there already. */
function uploadScript(service: Service, directory: string, clients: number): string {
  const base = filePath(service.account, 'bench/small')
  return writeScript(directory, `upload-${clients}`, {
    method: 'PUT',
    headers: {
      authorization: service.client.authorization,
      'content-type': 'application/octet-stream',
    },
    requestFunction: `
math.randomseed(os.time() + os.clock() * 1000000)
local run = string.format('%d-%d', os.time(), math.random(1000000000))
local filler = string.rep('x', ${sizeBytes})
local count = 0
request = function()
  count = count + 1
  local name = run .. '-' .. count
  return wrk.format('PUT', '${base}/' .. (count % 1000) .. '/' .. name, nil,
    name .. string.sub(filler, #name + 1))
end`,
  })
}

/** `total` over at most `count` processes, as evenly as it goes. */
function shareOut(total: number, count: number): number[] {
  return Array.from({ length: Math.min(total, count) }, (_, index) =>
    Math.ceil((total - index) / count),
  )
}

function describe(
  { uploads: all, oneByOne }: Measured,
  workers: number,
  foreignShare: number,
): string {
  const rows = all.map(({ clients, service, bare }) => {
    const rates = service.map(({ requestsPerS }) => requestsPerS)
    const failed = service.some((load) => load.failed > 0)
    return [
      String(clients),
      short(median(rates)) + (failed ? ' !' : ''),
      median(service.map(({ p50Ms }) => p50Ms)).toPrecision(3),
      median(service.map(({ p99Ms }) => p99Ms)).toPrecision(3),
      short(median(bare)),
      medianRatio(rates, bare).toFixed(2),
      medianRatio(rates, oneByOne).toFixed(2),
    ]
  })
  return `## Durable uploads of 4 KB

${conditions()}. Foreign ${percent(foreignShare)}.

An upload is answered when its bytes, its name and its record would survive a power cut. The bare loop, in ${workers} processes
with as many at once, does write + fdatasync + link + fsync of the directory + unlink of the draft, and nothing else:
no HTTP, no sign-in, no hash, no database. One at a time: a loop of those steps and a commit of one row to SQLite, ${short(median(oneByOne))}/s,
as of a service that commits each upload by itself, if all the rest of it cost nothing (aim: twice that at 64 clients). On ext4
all of this is several times slower for a minute after many files were deleted, since inodes are then searched for.

${table(
  [
    'clients',
    'service 1/s',
    'p50 ms',
    'p99 ms',
    'bare loop 1/s',
    '**service / bare**',
    '**service / one at a time**',
  ],
  rows,
)}
`
}
