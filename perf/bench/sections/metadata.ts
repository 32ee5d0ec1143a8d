import { join } from 'node:path'
import { filePath } from '../../../webserver/demo/client'
import { directoryFor, type Bench } from '../bench'
import { fillWithFiles, filesPerFolder } from '../fill-database'
import { ForeignLoad } from '../foreign-load'
import { conditions } from '../results'
import { startService, type Service } from '../service'
import { Stalls } from '../stalls'
import { median, percent, short, table } from '../statistics'
import { runWrk, writeScript, type Load } from '../wrk'

const clients = 64

interface Operation {
  name: string
  /** An expression of Lua for the request, given `n`, a random number of a file. */
  request: string
}

interface Cell {
  operation: string
  files: number
  loads: Load[]
}

/** What is asked of records alone, with ever more of them: how the cost grows, and who stands still for how long. */
export async function metadata(bench: Bench): Promise<string> {
  const foreign = new ForeignLoad()
  const directory = directoryFor(bench, 'metadata')
  bench.say('metadata: starting the service')
  const flags = ['--no-models-samples', '--perf-gauge-interval-ms', '250']
  const service = await startService(bench.processes, directory, flags)
  const stalls = new Stalls(join(directory, 'perf-logs'))
  const cells: Cell[] = []
  const stallRows: string[][] = []
  try {
    for (const files of bench.quick ? [1000, 100_000] : [1000, 100_000, 1_000_000]) {
      bench.say(`metadata: filling up to ${files} files`)
      fillWithFiles(join(service.dataDirectory, 'database'), service.account, files)
      stalls.begin()
      cells.push(...(await measureAll(bench, { service, directory, files })))
      stallRows.push([short(files), ...stalls.end().map((ms) => ms.toFixed(0))])
    }
    return describe(cells, stallRows, foreign.share())
  } finally {
    await service.stop()
  }
}

async function measureAll(
  bench: Bench,
  { service, directory, files }: { service: Service; directory: string; files: number },
): Promise<Cell[]> {
  const all = operationsOf(service).map((operation, index) => ({
    cell: cellOf(operation.name, files),
    script: writeScript(directory, `metadata-${index}-${files}`, {
      method: 'GET',
      headers: { authorization: service.client.authorization },
      requestFunction: requestFunction(operation, files),
    }),
  }))
  // The first round warms up.
  for (let round = 0; round <= bench.rounds; round++)
    for (const { cell, script } of all) {
      await bench.processes.settle()
      const load = await runWrk(bench.processes, {
        ...{ url: service.url, script, clients },
        seconds: 2 * bench.seconds,
      })
      if (round === 0) continue
      cell.loads.push(load)
      bench.say(`metadata: ${files} files, ${cell.operation}: p99 ${load.p99Ms.toFixed(1)} ms`)
    }
  return all.map(({ cell }) => cell)
}

function cellOf(operation: string, files: number): Cell {
  return { operation, files, loads: [] }
}

function operationsOf({ account }: Service): Operation[] {
  const get = (path: string) =>
    `wrk.format('GET', string.format('${path}', n / ${filesPerFolder}, n))`
  const list = (query: string) => `/v1/files?owner=${account}&limit=100&${query}`
  const file = `${filePath(account, 'bench')}/%06d/%06d`
  const put = `wrk.format('PUT', string.format('${filePath(account, 'new')}/%s-%d', run, count), nil, run .. count)`
  return [
    {
      name: 'what is known of a file',
      request: get(file.replace('/v1/files', '/v1/info/files')),
    },
    { name: 'a page of a folder', request: get(list('prefix=bench/%06d/')) },
    { name: 'a page of folders', request: get(list('prefix=bench/&delimiter=/')) },
    { name: 'the newest 100 of all', request: get(list('sort=updated&order=desc')) },
    { name: 'a small upload', request: put },
  ]
}

function requestFunction({ request }: Operation, files: number): string {
  return `
math.randomseed(os.time() + os.clock() * 1000000)
local run = string.format('%d-%d', os.time(), math.random(1000000000))
local count = 0
request = function()
  count = count + 1
  local n = math.random(0, ${files - 1})
  return ${request}
end`
}

function describe(cells: readonly Cell[], stallRows: string[][], foreignShare: number): string {
  const rows = cells.map(({ operation, files, loads }) => {
    const failed = loads.some((load) => load.failed > 0)
    return [
      operation,
      short(files),
      short(median(loads.map(({ requestsPerS }) => requestsPerS))) + (failed ? ' !' : ''),
      median(loads.map(({ p50Ms }) => p50Ms)).toPrecision(3),
      median(loads.map(({ p99Ms }) => p99Ms)).toPrecision(3),
    ]
  })
  rows.sort(([a], [b]) => a!.localeCompare(b!))
  return `## Records, with ever more files

${conditions()}. Foreign ${percent(foreignShare)}.

${clients} clients at once through nginx, signed in, asking about files chosen at random of one account, ${filesPerFolder} to a folder.
The aim is a p99 below 20 ms for what only reads, at a million files.

${table(['what', 'files', '1/s', 'p50 ms', 'p99 ms'], rows)}

The longest that the database held anybody up meanwhile: commits of the writer, checkpoints included, and the event loops
of the workers, which share two cores with nginx and the load generator (aim: never 100 ms because of the database).

${table(['files', 'longest commit ms', 'p99 of commits ms', 'longest delay of a worker ms'], stallRows)}
`
}
